/* The characters of a page as lexbor writes it, and growing arrays of them. */
#ifndef CLEANER_CHARACTERS_H
#define CLEANER_CHARACTERS_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

/* An error, markup that lexbor would not write, or neither. */
enum answer { FAILED = -1, UNLIKE = 0, FINE = 1 };

/* Stands for a line break in a paragraph until white space is tidied: no parsed text holds it. */
#define LINE_BREAK 0

typedef struct {
    PyObject *html;
    const void *data;
    int kind;
    Py_ssize_t size;
} Page;

#define AT(page, place) PyUnicode_READ((page)->kind, (page)->data, place)

/* Growing arrays. */
typedef struct {
    void *items;
    Py_ssize_t count, room;
} Array;

static void *
more(Array *array, Py_ssize_t count, size_t size)
{
    if (array->count + count > array->room) {
        Py_ssize_t room = 2 * array->room + count + 64;
        void *items = (size_t)room > (size_t)PY_SSIZE_T_MAX / size ? NULL : PyMem_Realloc(array->items, (size_t)room * size);
        if (items == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        array->items = items;
        array->room = room;
    }
    array->count += count;
    return (char *)array->items + (size_t)(array->count - count) * size;
}

static int
put(Array *characters, Py_UCS4 character)
{
    if (characters->count == characters->room) {
        Py_UCS4 *place = more(characters, 1, sizeof *place);
        if (place == NULL)
            return 0;
        *place = character;
    } else
        ((Py_UCS4 *)characters->items)[characters->count++] = character;
    return 1;
}

/* Room for so many characters more, which are counted when they are written. */
static Py_UCS4 *
room_for(Array *characters, Py_ssize_t count)
{
    Py_UCS4 *place = more(characters, count, sizeof *place);
    if (place != NULL)
        characters->count -= count;
    return place;
}

static int
put_all(Array *characters, const Array *others)
{
    Py_UCS4 *place = others->count ? more(characters, others->count, sizeof *place) : NULL;
    if (place != NULL)
        memcpy(place, others->items, (size_t)others->count * sizeof *place);
    return place != NULL || !others->count;
}

/* Where a character stands next; the end where it does not. */
static Py_ssize_t
next_of(const Page *page, Py_UCS4 character, Py_ssize_t from)
{
    Py_ssize_t found = from < page->size ? PyUnicode_FindChar(page->html, character, from, page->size, 1) : -1;
    return found < 0 ? page->size : found;
}

static int
stands(const Page *page, Py_ssize_t at, const char *text)
{
    for (; *text; at++, text++)
        if (at >= page->size || AT(page, at) != (Py_UCS4)*text)
            return 0;
    return 1;
}

/* The reference that begins at a place, and how long it is; 0 for one that lexbor never writes. */
static Py_ssize_t
reference(const Page *page, Py_ssize_t at, Py_UCS4 *character)
{
    static const struct { const char *name; Py_UCS4 character; } KNOWN[] = {
        {"&nbsp;", 0xA0}, {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (stands(page, at, KNOWN[i].name)) {
            *character = KNOWN[i].character;
            return (Py_ssize_t)strlen(KNOWN[i].name);
        }
    return 0;
}

/* Adds text without its references to characters; `blank` tells whether all of it is white space. */
static enum answer
decode(const Page *page, Py_ssize_t from, Py_ssize_t to, Array *characters, int *blank)
{
    Py_UCS4 *place = room_for(characters, to - from + 1), *begin = place;
    int kind = page->kind, dark = 0;
    const void *data = page->data;
    if (place == NULL)
        return FAILED;
    for (Py_ssize_t at = from; at < to; at++) {
        Py_UCS4 character = PyUnicode_READ(kind, data, at);
        if (character == '&') {
            Py_ssize_t length = reference(page, at, &character);
            if (length == 0)
                return UNLIKE;
            at += length - 1;
        }
        dark |= !Py_UNICODE_ISSPACE(character);
        *place++ = character;
    }
    characters->count += place - begin;
    *blank = *blank && !dark;
    return FINE;
}

/* White space as a browser shows it: runs become one space, a break a line feed; lines without text are left out. */
static int
tidy(const Array *given, Array *tidied)
{
    const Py_UCS4 *characters = given->items;
    Py_UCS4 *begin, *place, gap = 0;
    tidied->count = 0;
    begin = place = room_for(tidied, given->count + 1); /* a gap takes no more than what it stands for */
    if (place == NULL)
        return 0;
    for (Py_ssize_t i = 0; i < given->count; i++) {
        Py_UCS4 character = characters[i];
        if (character == LINE_BREAK)
            gap = '\n';
        else if (Py_UNICODE_ISSPACE(character))
            gap = gap ? gap : ' ';
        else {
            if (gap && place > begin)
                *place++ = gap;
            gap = 0;
            *place++ = character;
        }
    }
    tidied->count = place - begin;
    return 1;
}

/* As it stands, in lines without white space at their ends or empty lines around them. */
static int
tidy_verbatim(const Array *given, Array *tidied)
{
    const Py_UCS4 *characters = given->items;
    Py_ssize_t from = 0, end = 0, i;
    tidied->count = 0;
    for (i = 0; i <= given->count; i++) {
        Py_UCS4 character = i < given->count ? characters[i] : '\n';
        Py_UCS4 *out = tidied->items;
        if (character != '\n' && character != LINE_BREAK) {
            if (!put(tidied, character))
                return 0;
            continue;
        }
        while (tidied->count > from && Py_UNICODE_ISSPACE(out[tidied->count - 1]))
            tidied->count--;
        if (tidied->count > from)
            end = tidied->count;
        if (tidied->count && !put(tidied, '\n'))
            return 0;
        from = tidied->count;
    }
    tidied->count = end;
    return 1;
}

#endif
