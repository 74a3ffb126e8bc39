/* The hashed tokens of an element, as `cleaner/features/tokens.py` names them in Python.
 *
 * ASCII only: regular expressions and lower case of other letters are Python's own, and whatever is not ASCII is left to it, as
 * are tokens of more than one block of the hash. Nothing is written but arrays on the stack, whose bounds stand beside them.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#include "../_module.h"

#define BLOCK 128
#define NAMES 12
#define WORDS 5
#define LENGTH 40
/* The tag; twelve class names and an id, each with its words; role and itemprop. */
#define MOST (1 + (NAMES + 1) * (1 + WORDS) + 2)

typedef struct {
    uint64_t hashes[MOST];
    int count;
} Tokens;

/* BLAKE2b (RFC 7693) of one block, eight bytes of digest, no key. */
static const uint64_t START[8] = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};
static const uint8_t ORDER[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

static inline uint64_t
turned(uint64_t word, int bits)
{
    return (word >> bits) | (word << (64 - bits));
}

static inline void
stirred(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = turned(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = turned(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = turned(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = turned(v[b] ^ v[c], 63);
}

static uint64_t
hashed(const uint8_t *block, Py_ssize_t length)
{
    uint64_t v[16], m[16], first = START[0] ^ 0x01010008u;
    for (int word = 0; word < 16; word++) {
        m[word] = 0;
        for (int byte = 7; byte >= 0; byte--)
            m[word] = m[word] << 8 | block[8 * word + byte];
    }
    v[0] = first;
    for (int word = 1; word < 8; word++)
        v[word] = START[word];
    for (int word = 0; word < 8; word++)
        v[8 + word] = START[word];
    v[12] ^= (uint64_t)length;
    v[14] = ~v[14];
    for (int round = 0; round < 12; round++) {
        const uint8_t *at = ORDER[round];
        stirred(v, 0, 4, 8, 12, m[at[0]], m[at[1]]);
        stirred(v, 1, 5, 9, 13, m[at[2]], m[at[3]]);
        stirred(v, 2, 6, 10, 14, m[at[4]], m[at[5]]);
        stirred(v, 3, 7, 11, 15, m[at[6]], m[at[7]]);
        stirred(v, 0, 5, 10, 15, m[at[8]], m[at[9]]);
        stirred(v, 1, 6, 11, 12, m[at[10]], m[at[11]]);
        stirred(v, 2, 7, 8, 13, m[at[12]], m[at[13]]);
        stirred(v, 3, 4, 9, 14, m[at[14]], m[at[15]]);
    }
    return first ^ v[0] ^ v[8];
}

static inline int
is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static inline int
is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static inline int
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* As `str.split` has it. */
static inline int
is_space(uint8_t c)
{
    return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
}

/* Add a hash, unless it is there already. */
static void
add(Tokens *to, uint64_t hash)
{
    for (int i = 0; i < to->count; i++)
        if (to->hashes[i] == hash)
            return;
    to->hashes[to->count++] = hash;
}

/* Add a tag, of fewer than BLOCK letters, as it is written. */
static void
add_tag(Tokens *to, const uint8_t *tag, Py_ssize_t length)
{
    uint8_t block[BLOCK] = {'<'};
    memcpy(block + 1, tag, (size_t)length);
    add(to, hashed(block, length + 1));
}

/* Add a text of up to LENGTH letters in lower case, after a mark if there is one. */
static void
add_text(Tokens *to, uint8_t mark, const uint8_t *text, Py_ssize_t length)
{
    uint8_t block[BLOCK] = {mark};
    Py_ssize_t size = mark != 0;
    for (Py_ssize_t i = 0; i < length; i++)
        block[size++] = is_upper(text[i]) ? text[i] | 32 : text[i];
    add(to, hashed(block, size));
}

/* The end of a word that begins at a letter: "Xyz", "xyz", or capitals up to the one that begins the next word. */
static Py_ssize_t
word_end(const uint8_t *name, Py_ssize_t at, Py_ssize_t length)
{
    Py_ssize_t end = at + 1;
    if (is_upper(name[at]) && (end == length || !is_lower(name[end]))) {
        while (end < length && is_upper(name[end]))
            end++;
        return end < length && is_lower(name[end]) ? end - 1 : end;
    }
    while (end < length && is_lower(name[end]))
        end++;
    return end;
}

static void
add_name(Tokens *to, uint8_t mark, const uint8_t *text, Py_ssize_t length)
{
    uint8_t name[LENGTH];
    Py_ssize_t size = 0;
    int words = 0;
    if (length > LENGTH)
        length = LENGTH;
    for (Py_ssize_t i = 0; i < length; i++)
        if (!is_digit(text[i]))
            name[size++] = text[i];
        else if (i == 0 || !is_digit(text[i - 1]))
            name[size++] = '0';
    add_text(to, mark, name, size);
    for (Py_ssize_t at = 0; at < size && words < WORDS;) {
        Py_ssize_t end = is_upper(name[at]) || is_lower(name[at]) ? word_end(name, at, size) : at + 1;
        if (end - at > 1) {
            add_text(to, 0, name + at, end - at);
            words++;
        }
        at = end;
    }
}

static void
add_classes(Tokens *to, const uint8_t *text, Py_ssize_t length)
{
    int names = 0;
    for (Py_ssize_t at = 0, end; at < length && names < NAMES; at = end) {
        while (at < length && is_space(text[at]))
            at++;
        for (end = at; end < length && !is_space(text[end]);)
            end++;
        if (end > at) {
            add_name(to, '.', text + at, end - at);
            names++;
        }
    }
}

/* Class names, id, role and itemprop of a sign, which line feeds part. */
static void
add_sign(Tokens *to, const uint8_t *sign, Py_ssize_t length)
{
    Py_ssize_t bound[5] = {-1, length, length, length, length};
    int feeds = 0;
    for (Py_ssize_t i = 0; i < length; i++)
        if (sign[i] == '\n' && ++feeds <= 3)
            bound[feeds] = i;
    if (feeds != 3) {
        add_classes(to, sign, length);
        return;
    }
    add_classes(to, sign, bound[1]);
    if (bound[2] - bound[1] > 1)
        add_name(to, '#', sign + bound[1] + 1, bound[2] - bound[1] - 1);
    for (int part = 2; part < 4; part++) {
        Py_ssize_t size = bound[part + 1] - bound[part] - 1;
        if (size > 0)
            add_text(to, part == 2 ? '@' : '!', sign + bound[part] + 1, size < LENGTH ? size : LENGTH);
    }
}

static PyObject *
tokens(PyObject *module, PyObject *arguments)
{
    PyObject *tag, *sign;
    Tokens found;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "UU:tokens", &tag, &sign))
        return NULL;
    if (!PyUnicode_IS_ASCII(tag) || !PyUnicode_IS_ASCII(sign) || PyUnicode_GET_LENGTH(tag) >= BLOCK)
        Py_RETURN_NONE;
    found.count = 0;
    add_tag(&found, PyUnicode_1BYTE_DATA(tag), PyUnicode_GET_LENGTH(tag));
    add_sign(&found, PyUnicode_1BYTE_DATA(sign), PyUnicode_GET_LENGTH(sign));
    return PyBytes_FromStringAndSize((const char *)found.hashes, found.count * (Py_ssize_t)sizeof(uint64_t));
}

static PyMethodDef methods[] = {
    {"tokens", tokens, METH_VARARGS,
     "tokens(tag, sign): the hashes, 64-bit words in the machine's order, the tag's first; None for what is not ASCII."},
    {NULL, NULL, 0, NULL},
};

MODULE(_tokens, methods)
