/* A client of a real server, clangd: it is asked over its pipes, in the Language Server
 * Protocol, what an identifier in a small C text is.  readuntil and readexactly take the
 * messages apart; json.h has as much of JSON as that needs. */
#include <brood.h>
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"

enum { PARTS = 8, LONGEST = 64 << 20 };

struct client {
    brood_process *process;
    brood_time deadline; /* for all of it */
    int last_id;
    char *message; /* the last one that came */
};

/* ---- messages: a header with the length, an empty line, JSON -------------------- */

static brood_slice text(const char *string)
{
    return (brood_slice){string, strlen(string)};
}

/* A message of these parts, which one without data ends. */
static int send_parts(struct client *client, const brood_slice *body)
{
    char header[64];
    brood_slice parts[PARTS];
    size_t len = 0, count = 1;
    for (; body->data != NULL && count < PARTS; len += body++->len)
        parts[count++] = *body;
    snprintf(header, sizeof header, "Content-Length: %zu\r\n\r\n", len);
    parts[0] = text(header);
    brood_writer *in = brood_process_stdin(client->process);
    int error = brood_writer_writelines(in, parts, count);
    return error < 0 ? error : brood_writer_drain(in, client->deadline);
}

static int content_length(brood_slice header)
{
    const char *at = header.data, *end = at + header.len;
    for (; at < end; at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1) {
        if (strncasecmp(at, "Content-Length:", 15) != 0)
            continue;
        at += 15 + strspn(at + 15, " \t");
        unsigned long long n = isdigit((unsigned char)*at) ? strtoull(at, NULL, 10) : 0;
        return n > 0 && n <= LONGEST ? (int)n : BROOD_EINVAL;
    }
    return BROOD_EINVAL;
}

static int receive(struct client *client)
{
    brood_slice header;
    brood_reader *out = brood_process_stdout(client->process);
    ptrdiff_t n = brood_reader_readuntil(out, "\r\n\r\n", 4, &header, client->deadline);
    int len = n < 0 ? (int)n : content_length(header);
    if (len < 0)
        return len;
    char *message = realloc(client->message, (size_t)len + 1);
    if (message == NULL)
        return BROOD_ENOMEM;
    client->message = message;
    n = brood_reader_readexactly(out, message, (size_t)len, NULL, client->deadline);
    message[n < 0 ? 0 : n] = '\0';
    return n < 0 ? (int)n : 0;
}

/* The reply with this id.  Notifications are passed over; what the server itself asks
 * is answered with null. */
static int receive_reply(struct client *client, long id)
{
    for (;;) {
        int error = receive(client);
        if (error < 0)
            return error;
        const char *message = json_blanks(client->message);
        const char *its_id = json_member(message, "id");
        if (its_id == NULL)
            continue;
        if (json_member(message, "method") == NULL && strtol(its_id, NULL, 10) == id)
            return 0;
        size_t len = (size_t)(json_skip(its_id) - its_id);
        const brood_slice answer[] = {
            text("{\"jsonrpc\":\"2.0\",\"id\":"), {its_id, len}, text(",\"result\":null}"), {0}};
        if (json_member(message, "method") != NULL && (error = send_parts(client, answer)) < 0)
            return error;
    }
}

/* ---- requests and notifications ------------------------------------------------- */

static int fail(const char *what, int error)
{
    fprintf(stderr, "lsp_client: %s: %s\n", what, brood_strerror(error));
    return error;
}

/* The result lies in the client's message. */
static int request(struct client *client, const char *method, const char *params,
                   const char **result)
{
    char head[128];
    int id = ++client->last_id;
    snprintf(head, sizeof head, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":", id,
             method);
    int error = send_parts(client, (brood_slice[]){text(head), text(params), text("}"), {0}});
    if (error == 0)
        error = receive_reply(client, id);
    if (error < 0)
        return fail(method, error);
    const char *reply = json_blanks(client->message);
    const char *refusal = json_member(json_member(reply, "error"), "message");
    *result = json_member(reply, "result");
    if (*result != NULL)
        return 0;
    fprintf(stderr, "lsp_client: %s was refused: ", method);
    json_print(stderr, refusal);
    fputc('\n', stderr);
    return BROOD_EINVAL;
}

static int notify(struct client *client, const char *method, const char *params)
{
    char head[128];
    snprintf(head, sizeof head, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":", method);
    int error = send_parts(client, (brood_slice[]){text(head), text(params), text("}"), {0}});
    return error < 0 ? fail(method, error) : 0;
}

/* ---- the conversation ------------------------------------------------------------- */

#define DOCUMENT "\"uri\":\"file:///example/answer.c\""
static const char identifier[] = "answer();";
static const char source[] = "/// The answer to \"everything\".\n"
                             "int answer(void)\n{\n    return 42;\n}\n\n"
                             "int main(void)\n{\n    return answer();\n}\n";

static int initialize(struct client *client)
{
    const char *result;
    int error = request(client, "initialize",
                        "{\"processId\":null,\"rootUri\":null,\"capabilities\":{\"textDocument\":"
                        "{\"hover\":{\"contentFormat\":[\"plaintext\"]}}}}",
                        &result);
    if (error < 0)
        return error;
    const char *name = json_member(json_member(result, "serverInfo"), "name");
    fputs("initialize: the server is ", stdout);
    json_print(stdout, name != NULL ? name : "\"a nameless one\"");
    putchar('\n');
    return notify(client, "initialized", "{}");
}

static int open_document(struct client *client)
{
    brood_buffer params = {0};
    static const char start[] =
        "{\"textDocument\":{" DOCUMENT ",\"languageId\":\"c\",\"version\":1,\"text\":\"";
    int error = brood_buffer_append(&params, start, strlen(start));
    if (error == 0)
        error = json_escape(&params, source);
    if (error == 0)
        error = brood_buffer_append(&params, "\"}}", 3);
    error =
        error < 0 ? fail("didOpen", error) : notify(client, "textDocument/didOpen", params.data);
    brood_buffer_free(&params);
    if (error == 0)
        puts("didOpen: answer.c");
    return error;
}

/* A text, or an object with one as its value. */
static void print_content(const char *value)
{
    if (*value == '{')
        value = json_member(value, "value");
    json_print(stdout, value);
    putchar('\n');
}

static int hover(struct client *client)
{
    char params[128];
    const char *result;
    int line = 0;
    const char *at = strstr(source, identifier), *start = source;
    for (const char *c = source; c < at; c++)
        if (*c == '\n') {
            line++;
            start = c + 1;
        }
    snprintf(params, sizeof params,
             "{\"textDocument\":{" DOCUMENT "},\"position\":{\"line\":%d,\"character\":%td}}", line,
             at - start);
    int error = request(client, "textDocument/hover", params, &result);
    if (error < 0)
        return error;
    printf("hover over \"answer\" in line %d:\n", line + 1);
    const char *contents = json_member(result, "contents");
    if (contents == NULL || *contents != '[')
        print_content(contents != NULL ? contents : "\"nothing is known\"");
    else
        for (at = json_blanks(contents + 1); *at != ']' && *at != '\0'; at = json_next(at))
            print_content(at);
    return 0;
}

static int shut_down(struct client *client)
{
    const char *result;
    brood_returncode code = 0;
    int error = request(client, "shutdown", "null", &result);
    if (error == 0)
        error = notify(client, "exit", "null");
    if (error < 0)
        return error;
    /* What it still says is of no interest. */
    error = brood_process_communicate(client->process, NULL, 0, NULL, NULL, client->deadline);
    if (error == 0)
        error = brood_process_wait(client->process, &code, client->deadline);
    if (error < 0)
        return fail("exit", error);
    printf("shutdown, exit: the server ended with %lld\n", (long long)code);
    return code == 0 ? 0 : -1;
}

static int run(const char *const *argv, double seconds, bool verbose, bool optional)
{
    brood_spawn_failure failure = {.step = "loop"};
    brood_spawn_options options = {
        .argv = argv,
        .in = {.kind = BROOD_PIPE},
        .out = {.kind = BROOD_PIPE},
        .err = {.kind = verbose ? BROOD_INHERIT : BROOD_DEVNULL},
        .failure = &failure,
    };
    struct client client = {.deadline = brood_in(seconds)};
    int error = brood_spawn(NULL, &options, &client.process);
    if (error == BROOD_ENOENT && optional) {
        printf("skipped: %s is not installed\n", argv[0]);
        return 0;
    }
    if (error < 0) {
        fprintf(stderr, "lsp_client: %s %s: %s\n", failure.step, failure.what,
                brood_strerror(error));
        return error;
    }
    if ((error = initialize(&client)) == 0 && (error = open_document(&client)) == 0 &&
        (error = hover(&client)) == 0)
        error = shut_down(&client);
    brood_process_close(client.process); /* which kills it if it still runs */
    free(client.message);
    return error;
}

/* ---- the command line --------------------------------------------------------------- */

static const char help[] =
    "usage: lsp_client [--timeout SECONDS] [--verbose] [--server PROGRAM] [-- ARGUMENT ...]\n"
    "Asks a language server about an identifier in a small C text.\n"
    "  --server PROGRAM     the server (clangd), which gets the ARGUMENTs\n"
    "  --timeout SECONDS    how long all of it may take (30)\n"
    "  --verbose            show what the server reports on its stderr\n";

int main(int argc, char **argv)
{
    enum { ARGUMENTS = 62 };
    static const struct option long_options[] = {{"help", no_argument, NULL, 'h'},
                                                 {"server", required_argument, NULL, 's'},
                                                 {"timeout", required_argument, NULL, 't'},
                                                 {"verbose", no_argument, NULL, 'v'},
                                                 {NULL, 0, NULL, 0}};
    const char *server[ARGUMENTS + 2] = {"clangd"};
    double seconds = 30;
    bool verbose = false, optional = true, valid = true;
    int option;
    while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
        char *end = NULL;
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == 's') {
            server[0] = optarg;
            optional = false;
        }
        if (option == 't')
            valid = valid && (seconds = strtod(optarg, &end)) > 0 && *end == '\0';
        verbose = verbose || option == 'v';
        valid = valid && option != '?';
    }
    if (!valid || argc - optind > ARGUMENTS) {
        fputs("Try 'lsp_client --help'.\n", stderr);
        return 2;
    }
    for (int i = optind; i < argc; i++)
        server[1 + i - optind] = argv[i];
    return run(server, seconds, verbose, optional) == 0 ? 0 : 1;
}
