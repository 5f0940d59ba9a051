/* As much of bc as python_repl.c talks to, for Windows, which has no such program: whole
 * numbers of 64 bits with + - * / %, variables of one letter, =, += and ++, comparisons by
 * <, print with a text, and for.  A loop is read anew in each round: that takes its time. */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t variables[26];
static const char *at; /* what is still to be read of the line */
static bool skipping;  /* it is read, but nothing is done */
static bool assigned;  /* by = or += */
static const char *trouble;

static uint64_t expression(void);
static void statement(void);

static bool take(const char *symbol)
{
    at += strspn(at, " \t\r");
    size_t len = strlen(symbol);
    if (strncmp(at, symbol, len) != 0)
        return false;
    at += len;
    return true;
}

static void want(const char *symbol)
{
    if (!take(symbol) && trouble == NULL)
        trouble = "syntax error";
}

/* ---- expressions --------------------------------------------------------------- */

static uint64_t variable(uint64_t *place)
{
    uint64_t before = *place, value = before;
    bool increments = take("++"), adds = !increments && take("+=");
    if (increments) {
        value = before + 1;
    } else if (adds || take("=")) {
        value = expression() + (adds ? *place : 0);
        assigned = true;
    }
    if (!skipping)
        *place = value;
    return increments ? before : value;
}

static uint64_t operand(void)
{
    if (take("(")) {
        uint64_t value = expression();
        want(")");
        return value;
    }
    if (take("-"))
        return 0 - operand();
    if (islower((unsigned char)*at))
        return variable(&variables[*at++ - 'a']);
    char *end;
    uint64_t value = strtoull(at, &end, 10);
    if (end == at && trouble == NULL)
        trouble = "syntax error";
    at = end;
    return value;
}

static uint64_t divide(int64_t a, int64_t b, bool rest)
{
    if ((b == 0 || (b == -1 && a == INT64_MIN)) && !skipping && trouble == NULL)
        trouble = "not to be divided";
    if (b == 0 || b == -1)
        return rest ? 0 : 0 - (uint64_t)a;
    return (uint64_t)(rest ? a % b : a / b);
}

static uint64_t product(void)
{
    uint64_t value = operand();
    for (;;) {
        if (take("*"))
            value *= operand();
        else if (take("/"))
            value = divide((int64_t)value, (int64_t)operand(), false);
        else if (take("%"))
            value = divide((int64_t)value, (int64_t)operand(), true);
        else
            return value;
    }
}

static uint64_t sum(void)
{
    uint64_t value = product();
    for (;;) {
        if (take("+"))
            value += product();
        else if (take("-"))
            value -= product();
        else
            return value;
    }
}

static uint64_t expression(void)
{
    uint64_t value = sum();
    return take("<") ? (int64_t)value < (int64_t)sum() : value;
}

/* ---- statements ---------------------------------------------------------------- */

static void print(void)
{
    want("\"");
    size_t len = strcspn(at, "\"");
    if (!skipping && trouble == NULL)
        printf("%.*s", (int)len, at);
    at += len;
    want("\"");
}

/* Reads on from there, and comes back. */
static uint64_t evaluate_at(const char *place)
{
    const char *here = at;
    at = place;
    uint64_t value = expression();
    at = here;
    return value;
}

static void loop(void)
{
    bool outside = skipping;
    want("(");
    expression();
    want(";");
    const char *condition = at;
    skipping = true;
    expression();
    want(";");
    const char *step = at;
    expression();
    want(")");
    const char *body = at;
    statement();
    const char *end = at;
    skipping = outside;
    while (!skipping && trouble == NULL && evaluate_at(condition) != 0) {
        at = body;
        statement();
        evaluate_at(step);
    }
    at = end;
}

/* An expression that assigns shows nothing. */
static void show(void)
{
    assigned = false;
    uint64_t value = expression();
    if (!assigned && !skipping && trouble == NULL)
        printf("%lld\n", (long long)value);
}

static void statement(void)
{
    if (take("print "))
        print();
    else if (take("for"))
        loop();
    else
        show();
}

static void run_line(const char *line)
{
    at = line;
    trouble = NULL;
    skipping = false;
    while (trouble == NULL) {
        while (take(";"))
            ;
        if (*at == '\0')
            break;
        statement();
        if (*at != '\0')
            want(";");
    }
    if (trouble != NULL)
        fprintf(stderr, "bc: %s\n", trouble);
    fflush(stdout);
}

int main(void)
{
    static char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strcmp(line, "quit") == 0)
            break;
        run_line(line);
    }
    return 0;
}
