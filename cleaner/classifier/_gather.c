/* Sums of rows of a table, picked by the top bits of hashes, and of byte n-grams that are hashed on the way: what
 * `cleaner/classifier/gather.py` does in NumPy.
 *
 * NumPy waits for one row after the other and writes all of them down before it adds them; here rows are asked for ahead
 * of their use and never written. Sums are of whole numbers, so both give the same bits. Arrays that do not fit raise
 * ValueError. Bounds of a run are read once and checked before they are used, so nothing that is written meanwhile, by
 * another thread or through arrays that share memory, can lead out of the arrays; a hash always picks a row.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#include "../_module.h"

#if defined(__GNUC__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)0)
#endif

/* Grams between asking for a row and adding it. Nanoseconds a gram, medians of 41 in turns over 4,000 lines of our seeds
 * (EPYC, a table of 8 MB): 1 ahead 14.3, 4 11.2, 12 8.6, 24 6.6, 32 6.2, 48 6.3, 96 6.4; NumPy 27.2. */
#define AHEAD 32
#define ARRAYS 5

enum { HASHES, STARTS, ENDS, TABLE, SUMS };

/* Native items of a kind of table, as `struct` names them: hashes, starts, ends, table, sums. */
static const char *const OF_WORDS[ARRAYS] = {"LQ", "lq", "lq", "LQ", "LQ"};
static const char *const OF_BYTES[ARRAYS] = {"LQ", "lq", "lq", "b", "il"};
static const int WIDE[ARRAYS] = {8, 8, 8, 8, 8};
static const int NARROW[ARRAYS] = {8, 8, 8, 1, 4};

/* Hashes, bounds of runs, and a table of `width` items a row. */
typedef struct {
    const uint64_t *hashes;
    const volatile int64_t *starts, *ends;
    Py_ssize_t count, runs, width;
    int shift;
} Runs;

static int
bounded(const Runs *of, Py_ssize_t run, int64_t *start, int64_t *end)
{
    *start = of->starts[run];
    *end = of->ends[run];
    return *start >= 0 && *end <= of->count;
}

static int
sum_words(const Runs *of, const uint64_t *table, uint64_t *sums)
{
    int64_t start, end;
    for (Py_ssize_t run = 0; run < of->runs; run++, sums += of->width) {
        if (!bounded(of, run, &start, &end))
            return 0;
        for (Py_ssize_t item = 0; item < of->width; item++)
            sums[item] = 0;
        for (int64_t i = start; i < end; i++) {
            const uint64_t *row = table + (of->hashes[i] >> of->shift) * of->width;
            if (i + AHEAD < of->count)
                FETCH(table + (of->hashes[i + AHEAD] >> of->shift) * of->width);
            for (Py_ssize_t item = 0; item < of->width; item++)
                sums[item] += row[item];
        }
    }
    return 1;
}

/* The same with four words a row, the width of the shipped models, in registers: 8.6 ns a gram where the loop above took 9.5. */
static int
sum_four_words(const Runs *of, const uint64_t *table, uint64_t *sums)
{
    int64_t start, end;
    for (Py_ssize_t run = 0; run < of->runs; run++, sums += 4) {
        uint64_t first = 0, second = 0, third = 0, fourth = 0;
        if (!bounded(of, run, &start, &end))
            return 0;
        for (int64_t i = start; i < end; i++) {
            const uint64_t *row = table + 4 * (of->hashes[i] >> of->shift);
            if (i + AHEAD < of->count)
                FETCH(table + 4 * (of->hashes[i + AHEAD] >> of->shift));
            first += row[0], second += row[1], third += row[2], fourth += row[3];
        }
        sums[0] = first, sums[1] = second, sums[2] = third, sums[3] = fourth;
    }
    return 1;
}

static int
sum_bytes(const Runs *of, const int8_t *table, int32_t *sums)
{
    int64_t start, end;
    for (Py_ssize_t run = 0; run < of->runs; run++) {
        uint32_t sum = 0;
        if (!bounded(of, run, &start, &end))
            return 0;
        for (int64_t i = start; i < end; i++) {
            if (i + AHEAD < of->count)
                FETCH(table + (of->hashes[i + AHEAD] >> of->shift));
            sum += (uint32_t)table[of->hashes[i] >> of->shift];
        }
        sums[run] = (int32_t)sum;
    }
    return 1;
}

/* Bits to shift a hash by so that it picks a row; -1 if the number of rows is no power of two from 2 up. */
static int
shift_of(Py_ssize_t rows)
{
    int bits = 0;
    while (bits < 62 && ((int64_t)1 << bits) < rows)
        bits++;
    return rows >= 2 && ((int64_t)1 << bits) == rows ? 64 - bits : -1;
}

/* Whether an array holds items of one of the kinds, in the machine's own order and place (others have a sign before). */
static int
holds(const Py_buffer *view, const char *kinds, int size)
{
    const char *kind = view->format;
    return kind != NULL && strlen(kind) == 1 && strchr(kinds, kind[0]) != NULL && view->itemsize == size;
}

static int
described(Runs *of, const Py_buffer *view, int narrow)
{
    int fits = view[TABLE].ndim == (narrow ? 1 : 2);
    for (int array = 0; array < ARRAYS; array++)
        fits = fits && holds(&view[array], (narrow ? OF_BYTES : OF_WORDS)[array], (narrow ? NARROW : WIDE)[array]);
    if (fits) {
        Py_ssize_t runs = view[STARTS].len / 8, width = narrow ? 1 : view[TABLE].shape[1];
        *of = (Runs){view[HASHES].buf, view[STARTS].buf, view[ENDS].buf, view[HASHES].len / 8, runs, width,
                     shift_of(view[TABLE].shape[0])};
        fits = view[ENDS].len == view[STARTS].len && (width == 0 || runs <= PY_SSIZE_T_MAX / 8 / width) &&
               view[SUMS].len == runs * width * view[SUMS].itemsize;
    }
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "hashes, runs, table and sums do not fit together");
    else if (of->shift < 0)
        PyErr_SetString(PyExc_ValueError, "the rows of the table are no power of two");
    return fits && of->shift >= 0;
}

static PyObject *
summed(PyObject *arguments, int narrow)
{
    PyObject *array[ARRAYS], *result = NULL;
    Py_buffer view[ARRAYS];
    Runs of;
    int held = 0, inside;
    if (!PyArg_UnpackTuple(arguments, "sums", ARRAYS, ARRAYS, &array[0], &array[1], &array[2], &array[3], &array[4]))
        return NULL;
    while (held < ARRAYS) {
        int flags = PyBUF_FORMAT | PyBUF_C_CONTIGUOUS | (held == SUMS ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(array[held], &view[held], flags) < 0)
            goto done;
        held++;
    }
    if (!described(&of, view, narrow))
        goto done;
    Py_BEGIN_ALLOW_THREADS
    if (narrow)
        inside = sum_bytes(&of, view[TABLE].buf, view[SUMS].buf);
    else if (of.width == 4)
        inside = sum_four_words(&of, view[TABLE].buf, view[SUMS].buf);
    else
        inside = sum_words(&of, view[TABLE].buf, view[SUMS].buf);
    Py_END_ALLOW_THREADS
    if (inside)
        result = Py_NewRef(Py_None);
    else
        PyErr_SetString(PyExc_ValueError, "a run leaves the hashes");
done:
    while (held > 0)
        PyBuffer_Release(&view[--held]);
    return result;
}

/* Byte n-grams of lines, hashed as `ngrams.py` hashes them: one begins at each place from a line's start up to its end. */
typedef struct {
    const uint8_t *bytes;
    const volatile int64_t *starts, *ends;
    Py_ssize_t length, lines, width;
    uint64_t base, salt;
    int word_shift, byte_shift;
} Grams;

/* Grams that are hashed, and whose rows are asked for, before the first of them is added. Of 32, 64, 128, 256: 10, 8, 11, 12 ns a gram. */
#define AT_ONCE 64

/* The finaliser of SplitMix64, as in `ngrams.mix`. */
static inline uint64_t
mixed(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

/* `size` and `width` are constants where this is called. */
static inline int
add_grams(const Grams *of, Py_ssize_t size, Py_ssize_t width, const uint64_t *words, const int8_t *bytes, uint64_t *sums, int32_t *byte_sums)
{
    uint64_t hashes[AT_ONCE];
    for (Py_ssize_t line = 0; line < of->lines; line++, sums += width) {
        int64_t at = of->starts[line], end = of->ends[line];
        uint32_t sum = 0;
        if (at >= end)
            continue;
        if (at < 0 || end > of->length - size + 1)
            return 0;
        while (at < end) {
            Py_ssize_t count = end - at < AT_ONCE ? (Py_ssize_t)(end - at) : AT_ONCE;
            for (Py_ssize_t i = 0; i < count; i++) {
                uint64_t hash = 0;
                for (Py_ssize_t place = size - 1; place >= 0; place--)
                    hash = hash * of->base + of->bytes[at + i + place] + 1;
                hashes[i] = mixed(hash + of->salt);
                FETCH(words + (hashes[i] >> of->word_shift) * (uint64_t)width);
                FETCH(bytes + (hashes[i] >> of->byte_shift));
            }
            for (Py_ssize_t i = 0; i < count; i++) {
                const uint64_t *row = words + (hashes[i] >> of->word_shift) * (uint64_t)width;
                for (Py_ssize_t item = 0; item < width; item++)
                    sums[item] += row[item];
                sum += (uint32_t)bytes[hashes[i] >> of->byte_shift];
            }
            at += count;
        }
        byte_sums[line] = (int32_t)((uint32_t)byte_sums[line] + sum);
    }
    return 1;
}

enum { BYTES, FROM, TO, WORDS, SMALL, WORD_SUMS, BYTE_SUMS, GRAM_ARRAYS };
static const char *const GRAM_KINDS[GRAM_ARRAYS] = {"B", "lq", "lq", "LQ", "b", "LQ", "il"};
static const int GRAM_SIZES[GRAM_ARRAYS] = {1, 8, 8, 8, 1, 8, 4};

static int
grams_described(Grams *of, const Py_buffer *view, Py_ssize_t size)
{
    int fits = size > 0 && view[WORDS].ndim == 2 && view[SMALL].ndim == 1;
    for (int array = 0; array < GRAM_ARRAYS; array++)
        fits = fits && holds(&view[array], GRAM_KINDS[array], GRAM_SIZES[array]);
    if (fits) {
        of->bytes = view[BYTES].buf;
        of->starts = view[FROM].buf;
        of->ends = view[TO].buf;
        of->length = view[BYTES].len;
        of->lines = view[FROM].len / 8;
        of->width = view[WORDS].shape[1];
        of->word_shift = shift_of(view[WORDS].shape[0]);
        of->byte_shift = shift_of(view[SMALL].shape[0]);
        fits = view[TO].len == view[FROM].len && (of->width == 0 || of->lines <= PY_SSIZE_T_MAX / 8 / of->width) &&
               view[WORD_SUMS].len == of->lines * of->width * 8 && view[BYTE_SUMS].len == of->lines * 4;
    }
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "bytes, lines, tables and sums do not fit together");
    else if (of->word_shift < 0 || of->byte_shift < 0)
        PyErr_SetString(PyExc_ValueError, "the rows of a table are no power of two");
    return fits && of->word_shift >= 0 && of->byte_shift >= 0;
}

static PyObject *
add_gram_sums(PyObject *module, PyObject *arguments)
{
    PyObject *array[GRAM_ARRAYS], *result = NULL;
    Py_buffer view[GRAM_ARRAYS];
    Py_ssize_t size;
    unsigned long long base, salt;
    Grams of;
    int held = 0, inside;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OOOnKKOOOO:add_gram_sums", &array[0], &array[1], &array[2], &size, &base, &salt, &array[3],
                          &array[4], &array[5], &array[6]))
        return NULL;
    while (held < GRAM_ARRAYS) {
        int flags = PyBUF_FORMAT | PyBUF_C_CONTIGUOUS | (held >= WORD_SUMS ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(array[held], &view[held], flags) < 0)
            goto done;
        held++;
    }
    if (!grams_described(&of, view, size))
        goto done;
    of.base = base;
    of.salt = salt;
    Py_BEGIN_ALLOW_THREADS
    if (size == 3 && of.width == 4)
        inside = add_grams(&of, 3, 4, view[WORDS].buf, view[SMALL].buf, view[WORD_SUMS].buf, view[BYTE_SUMS].buf);
    else if (size == 5 && of.width == 4)
        inside = add_grams(&of, 5, 4, view[WORDS].buf, view[SMALL].buf, view[WORD_SUMS].buf, view[BYTE_SUMS].buf);
    else
        inside = add_grams(&of, size, of.width, view[WORDS].buf, view[SMALL].buf, view[WORD_SUMS].buf, view[BYTE_SUMS].buf);
    Py_END_ALLOW_THREADS
    if (inside)
        result = Py_NewRef(Py_None);
    else
        PyErr_SetString(PyExc_ValueError, "a line leaves the bytes");
done:
    while (held > 0)
        PyBuffer_Release(&view[--held]);
    return result;
}

static PyObject *
word_sums(PyObject *module, PyObject *arguments)
{
    (void)module;
    return summed(arguments, 0);
}

static PyObject *
byte_sums(PyObject *module, PyObject *arguments)
{
    (void)module;
    return summed(arguments, 1);
}

static PyMethodDef methods[] = {
    {"word_sums", word_sums, METH_VARARGS, "word_sums(hashes, starts, ends, table, sums): rows of 64-bit words."},
    {"byte_sums", byte_sums, METH_VARARGS, "byte_sums(hashes, starts, ends, table, sums): signed bytes, 32-bit sums."},
    {"add_gram_sums", add_gram_sums, METH_VARARGS,
     "add_gram_sums(bytes, starts, ends, size, base, salt, words, small, word_sums, byte_sums): of byte n-grams, hashed here."},
    {NULL, NULL, 0, NULL},
};

MODULE(_gather, methods)
