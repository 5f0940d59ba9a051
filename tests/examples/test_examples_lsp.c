/* lsp_client, against a server that plays a part with its replies ready, against broken
 * ones, and against clangd where there is one. */
#include "examples.h"

SUITE(examples_lsp);

/* ---- a server of two files: what it says, and what it was told ---------------------- */

static void add_message(brood_buffer *replies, const char *header, const char *json)
{
    char line[128];
    snprintf(line, sizeof line, header, strlen(json));
    cr_assert_eq(brood_buffer_append(replies, line, strlen(line)), 0);
    cr_assert_eq(brood_buffer_append(replies, json, strlen(json)), 0);
}

#define PLAIN "Content-Length: %zu\r\n\r\n"

static brood_returncode serve(struct recorder *recorder, struct folder *folder,
                              brood_buffer *replies)
{
    folder_open(folder);
    folder_write(folder, "replies", "", replies->data);
    folder_name(folder, "requests", "");
    folder_play(folder, "server", "show replies\nlisten requests\n");
    brood_buffer_free(replies);
    return run_in_folder(recorder, folder, "lsp_client",
                         ARGV("--timeout", "60", "--server", "server"));
}

/* The bodies of the messages, each with a newline behind it. */
static void read_requests(struct folder *folder, brood_buffer *bodies)
{
    char text[8192];
    FILE *file = fopen(folder_name(folder, "requests", ""), "rb");
    cr_assert_not_null(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    for (const char *at = text; *at != '\0';) {
        size_t size = 0;
        int header = 0;
        sscanf(at, "Content-Length: %zu%n", &size, &header);
        cr_assert_eq(strncmp(at + header, "\r\n\r\n{", 5), 0, "%s", at);
        at += header + 4;
        cr_assert_leq(size, len - (size_t)(at - text));
        cr_assert_eq(brood_buffer_append(bodies, at, size), 0);
        cr_assert_eq(brood_buffer_append(bodies, "\n", 1), 0);
        at += size;
    }
}

/* ---- the steps ------------------------------------------------------------------------ */

Test(examples_lsp, the_client_goes_through_the_steps)
{
    struct recorder recorder;
    struct folder folder;
    brood_buffer replies = {0}, requests = {0};
    add_message(&replies, PLAIN,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"capabilities\":{\"id\":[1,\"}\"]},"
                "\"serverInfo\":{\"name\":\"script\"}}}");
    add_message(&replies, PLAIN, "{\"method\":\"textDocument/publishDiagnostics\",\"params\":{}}");
    add_message(&replies, PLAIN,
                "{\"id\":\"q-1\",\"method\":\"workspace/configuration\",\"params\":{\"id\":2}}");
    add_message(
        &replies, PLAIN,
        "{\"id\":2,\"result\":{\"contents\":{\"kind\":\"plaintext\",\"value\":\"an \\\"answer\\\""
        "\"}}}");
    add_message(&replies, PLAIN, "{\"id\":3,\"result\":null}");
    brood_returncode code = serve(&recorder, &folder, &replies);
    cr_assert_eq(code, 0, "%s", recorder.out[2].data);
    cr_assert_str_eq(recorder.out[1].data, "initialize: the server is script\n"
                                           "didOpen: answer.c\n"
                                           "hover over \"answer\" in line 9:\n"
                                           "an \"answer\"\n"
                                           "shutdown, exit: the server ended with 0\n");
    read_requests(&folder, &requests);
    find_in_order(requests.data,
                  ARGV("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{",
                       "}\n{\"jsonrpc\":\"2.0\",\"method\":\"initialized\",\"params\":{}}\n",
                       "\"method\":\"textDocument/didOpen\",",
                       "\"text\":\"/// The answer to "
                       "\\\"everything\\\".\\u000aint answer(void)\\u000a{\\u000a",
                       "\"id\":2,\"method\":\"textDocument/hover\",",
                       "{\"line\":8,\"character\":11}}}\n",
                       "{\"jsonrpc\":\"2.0\",\"id\":\"q-1\",\"result\":null}\n",
                       "\"id\":3,\"method\":\"shutdown\",\"params\":null}\n",
                       "{\"jsonrpc\":\"2.0\",\"method\":\"exit\",\"params\":null}\n"));
    brood_buffer_free(&requests);
    recorder_free(&recorder);
    folder_close(&folder);
}

/* Other headers, blanks, replies to nobody, a list of contents, all kinds of escapes. */
Test(examples_lsp, the_client_reads_what_is_allowed)
{
    struct recorder recorder;
    struct folder folder;
    brood_buffer replies = {0};
    add_message(&replies, "Content-Type: x; charset=utf-8\r\ncontent-length:%zu\r\n\r\n",
                " {\r\n \"result\" : { \"a\" : [ { } , [ ] , -1.5e3 , true ] } , \"id\" : 1 } ");
    add_message(&replies, PLAIN, "{\"id\":7,\"result\":{\"contents\":\"not this one\"}}");
    add_message(&replies, PLAIN,
                "{\"id\":2,\"result\":{\"contents\":[{\"language\":\"c\",\"value\":\"a\\tb\\\\\\/"
                "\\u00e9\\u20ac\\ud83d\\udc23\\ud83dz\"},\"second [\\\"]\"]}}");
    add_message(&replies, PLAIN, "{\"id\":3,\"result\":null}");
    brood_returncode code = serve(&recorder, &folder, &replies);
    cr_assert_eq(code, 0, "%s", recorder.out[2].data);
    find_in_order(recorder.out[1].data,
                  ARGV("the server is a nameless one\n",
                       "in line 9:\na\tb\\/\xc3\xa9\xe2\x82\xac"
                       "\xf0\x9f\x90\xa3\xef\xbf\xbdz\nsecond [\"]\nshutdown"));
    recorder_free(&recorder);
    folder_close(&folder);
}

Test(examples_lsp, nothing_is_known_of_the_identifier)
{
    struct recorder recorder;
    struct folder folder;
    brood_buffer replies = {0};
    add_message(&replies, PLAIN, "{\"id\":1,\"result\":{}}");
    add_message(&replies, PLAIN, "{\"id\":2,\"result\":null}");
    add_message(&replies, PLAIN, "{\"id\":3,\"result\":null}");
    cr_assert_eq(serve(&recorder, &folder, &replies), 0);
    find_in_order(recorder.out[1].data, ARGV("in line 9:\nnothing is known\n"));
    recorder_free(&recorder);
    folder_close(&folder);
}

/* ---- failures --------------------------------------------------------------------------- */

Test(examples_lsp, a_refusal_is_told)
{
    struct recorder recorder;
    struct folder folder;
    brood_buffer replies = {0};
    add_message(&replies, PLAIN, "{\"id\":1,\"result\":{}}");
    add_message(&replies, PLAIN,
                "{\"id\":2,\"error\":{\"code\":-32601,\"message\":\"no \\\"hover\\\" here\"}}");
    cr_assert_eq(serve(&recorder, &folder, &replies), 1);
    cr_assert_str_eq(recorder.out[2].data,
                     "lsp_client: textDocument/hover was refused: no \"hover\" here\n");
    recorder_free(&recorder);
    folder_close(&folder);
}

static void fails_at_once(struct folder *folder, const char *part, const char *complaint)
{
    folder_play(folder, "server", part);
    fails_in_folder(folder, "lsp_client", ARGV("--timeout", "60", "--server", "server"), complaint);
}

Test(examples_lsp, a_server_that_talks_nonsense_is_told)
{
    static const char invalid[] = "lsp_client: initialize: invalid argument\n";
    static const char ended[] = "lsp_client: initialize: the stream ended inside the answer\n";
    struct folder folder;
    folder_open(&folder);
    fails_at_once(&folder, "say Hello\\r\\n\\r\\n\nlisten\n", invalid);
    fails_at_once(&folder, "say Content-Length: x\\r\\n\\r\\n\nlisten\n", invalid);
    fails_at_once(&folder, "say Content-Length: 99999999999\\r\\n\\r\\n\nlisten\n", invalid);
    fails_at_once(&folder, "say Content-Length: 9\\r\\n\\r\\n{}\nclose\nlisten\n", ended);
    fails_at_once(&folder, "close\nlisten\n", ended);
    fails_at_once(&folder, "say Content-Length: 2\\r\\n\\r\\n{}\nclose\nlisten\n", ended);
    folder_close(&folder);
}

Test(examples_lsp, the_time_for_all_of_it_is_limited)
{
    fails_with("lsp_client", ARGV("--timeout", "0.05", "--server", test_child(), "--", "pause"),
               "lsp_client: initialize: timed out\n");
}

Test(examples_lsp, a_server_of_ones_choice_must_be_there)
{
    fails_with("lsp_client", ARGV("--server", "no-such-server"),
               "lsp_client: exec no-such-server: no such file or directory\n");
    struct recorder recorder;
    cr_assert_eq(run_example(&recorder, "lsp_client", ARGV("--timeout", "0")), 2);
    recorder_free(&recorder);
}

/* ---- clangd --------------------------------------------------------------------------------- */

Test(examples_lsp, without_clangd_it_is_skipped)
{
    struct recorder recorder;
    struct folder folder;
    folder_open(&folder);
    cr_assert_eq(run_in_folder(&recorder, &folder, "lsp_client", ARGV(NULL)), 0);
    cr_assert_str_eq(recorder.out[1].data, "skipped: clangd is not installed\n");
    recorder_free(&recorder);
    folder_close(&folder);
}

Test(examples_lsp, clangd_knows_the_identifier)
{
    struct recorder recorder;
    brood_returncode code = run_example(&recorder, "lsp_client", ARGV("--timeout", "50"));
    cr_assert_eq(code, 0, "%s", recorder.out[2].data);
    if (strncmp(recorder.out[1].data, "skipped: ", 9) == 0)
        cr_skip_test("clangd is not installed");
    find_in_order(recorder.out[1].data,
                  ARGV("initialize: the server is clangd", "didOpen: answer.c\n",
                       "hover over \"answer\" in line 9:\n", "answer", "The answer to",
                       "shutdown, exit: the server ended with 0\n"));
    recorder_free(&recorder);
}
