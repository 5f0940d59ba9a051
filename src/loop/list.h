/* Circular, doubly linked lists whose links live in their elements.  A list's
 * head is a link too; an element that is in no list is linked to itself. */
#ifndef BROOD_LIST_H
#define BROOD_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct brood__link {
    struct brood__link *prev, *next;
};

/* The structure of which `pointer` is the given member. */
#define BROOD__CONTAINER(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void brood__list_init(struct brood__link *link)
{
    link->prev = link->next = link;
}

static inline bool brood__list_empty(const struct brood__link *head)
{
    return head->next == head;
}

static inline void brood__list_append(struct brood__link *head, struct brood__link *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

/* Leaves the link in no list; harmless on one that is in none. */
static inline void brood__list_remove(struct brood__link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    brood__list_init(link);
}

/* Moves all elements of `from` to the empty list `to`. */
static inline void brood__list_move(struct brood__link *to, struct brood__link *from)
{
    brood__list_init(to);
    if (brood__list_empty(from))
        return;
    *to = *from;
    to->prev->next = to->next->prev = to;
    brood__list_init(from);
}

/* The first element, taken out of the list; NULL when the list is empty. */
static inline struct brood__link *brood__list_take(struct brood__link *head)
{
    struct brood__link *link = head->next;
    if (link == head)
        return NULL;
    brood__list_remove(link);
    return link;
}

/* The last one, in the same way. */
static inline struct brood__link *brood__list_take_last(struct brood__link *head)
{
    struct brood__link *link = head->prev;
    if (link == head)
        return NULL;
    brood__list_remove(link);
    return link;
}

#endif
