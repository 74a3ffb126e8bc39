/* Sums of rows of a table, picked by the top bits of hashes: what `cleaner/classifier/gather.py` does in NumPy.
 *
 * NumPy waits for one row after the other and writes all of them down before it adds them; here rows are asked for ahead
 * of their use and never written. Sums are of whole numbers, so both give the same bits. Every bound is checked before the
 * first row is read: a call with arrays that do not fit raises ValueError and reads nothing.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)0)
#endif

/* Grams between asking for a row and adding it: 4 to 32 took the same time, 1 twice as long (EPYC, a table of 8 MB). */
#define AHEAD 12
#define ARRAYS 5

enum { HASHES, STARTS, ENDS, TABLE, SUMS };

/* Hashes, bounds of runs, a table of `width` items a row and a sum a run and item. */
typedef struct {
    const uint64_t *hashes;
    const int64_t *starts, *ends;
    Py_ssize_t count, runs, width;
    int shift;
} Runs;

static void
sum_words(const Runs *of, const uint64_t *table, uint64_t *sums)
{
    for (Py_ssize_t run = 0; run < of->runs; run++, sums += of->width) {
        for (Py_ssize_t item = 0; item < of->width; item++)
            sums[item] = 0;
        for (int64_t i = of->starts[run]; i < of->ends[run]; i++) {
            const uint64_t *row = table + (of->hashes[i] >> of->shift) * of->width;
            if (i + AHEAD < of->count)
                FETCH(table + (of->hashes[i + AHEAD] >> of->shift) * of->width);
            for (Py_ssize_t item = 0; item < of->width; item++)
                sums[item] += row[item];
        }
    }
}

/* The same with four words a row, in registers: the width of the shipped models. */
static void
sum_four_words(const Runs *of, const uint64_t *table, uint64_t *sums)
{
    for (Py_ssize_t run = 0; run < of->runs; run++, sums += 4) {
        uint64_t first = 0, second = 0, third = 0, fourth = 0;
        for (int64_t i = of->starts[run]; i < of->ends[run]; i++) {
            const uint64_t *row = table + 4 * (of->hashes[i] >> of->shift);
            if (i + AHEAD < of->count)
                FETCH(table + 4 * (of->hashes[i + AHEAD] >> of->shift));
            first += row[0], second += row[1], third += row[2], fourth += row[3];
        }
        sums[0] = first, sums[1] = second, sums[2] = third, sums[3] = fourth;
    }
}

static void
sum_bytes(const Runs *of, const int8_t *table, int32_t *sums)
{
    for (Py_ssize_t run = 0; run < of->runs; run++) {
        int32_t sum = 0;
        for (int64_t i = of->starts[run]; i < of->ends[run]; i++) {
            if (i + AHEAD < of->count)
                FETCH(table + (of->hashes[i + AHEAD] >> of->shift));
            sum += table[of->hashes[i] >> of->shift];
        }
        sums[run] = sum;
    }
}

/* Bits to shift a hash by so that it picks a row; -1 if the number of rows is no power of two from 2 up. */
static int
shift_of(Py_ssize_t rows)
{
    int bits = 0;
    while (bits < 62 && ((Py_ssize_t)1 << bits) < rows)
        bits++;
    return rows >= 2 && ((Py_ssize_t)1 << bits) == rows ? 64 - bits : -1;
}

static int
described(Runs *of, const Py_buffer *view, Py_ssize_t item, Py_ssize_t sum)
{
    Py_ssize_t runs = view[STARTS].len / (Py_ssize_t)sizeof(int64_t);
    Py_ssize_t width = view[TABLE].ndim == 2 ? view[TABLE].shape[1] : 1;
    int sizes = view[HASHES].itemsize == 8 && view[STARTS].itemsize == 8 && view[ENDS].itemsize == 8 &&
                view[TABLE].itemsize == item && view[SUMS].itemsize == sum && view[TABLE].ndim >= 1 && view[TABLE].ndim <= 2;
    if (!sizes || view[ENDS].len != view[STARTS].len || view[SUMS].len != runs * width * sum) {
        PyErr_SetString(PyExc_ValueError, "hashes, runs, table and sums do not fit together");
        return 0;
    }
    *of = (Runs){view[HASHES].buf, view[STARTS].buf, view[ENDS].buf, view[HASHES].len / 8, runs, width,
                 shift_of(view[TABLE].shape[0])};
    if (of->shift < 0) {
        PyErr_SetString(PyExc_ValueError, "the rows of the table are no power of two");
        return 0;
    }
    for (Py_ssize_t run = 0; run < runs; run++) {
        if (of->starts[run] < 0 || of->ends[run] > of->count) {
            PyErr_SetString(PyExc_ValueError, "a run leaves the hashes");
            return 0;
        }
    }
    return 1;
}

static PyObject *
summed(PyObject *arguments, Py_ssize_t item, Py_ssize_t sum)
{
    PyObject *array[ARRAYS], *result = NULL;
    Py_buffer view[ARRAYS];
    Runs of;
    int held = 0;
    if (!PyArg_UnpackTuple(arguments, "sums", ARRAYS, ARRAYS, &array[0], &array[1], &array[2], &array[3], &array[4]))
        return NULL;
    while (held < ARRAYS) {
        int flags = PyBUF_ND | PyBUF_C_CONTIGUOUS | (held == SUMS ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(array[held], &view[held], flags) < 0)
            goto done;
        held++;
    }
    if (!described(&of, view, item, sum))
        goto done;
    Py_BEGIN_ALLOW_THREADS
    if (item == 1)
        sum_bytes(&of, view[TABLE].buf, view[SUMS].buf);
    else if (of.width == 4)
        sum_four_words(&of, view[TABLE].buf, view[SUMS].buf);
    else
        sum_words(&of, view[TABLE].buf, view[SUMS].buf);
    Py_END_ALLOW_THREADS
    result = Py_NewRef(Py_None);
done:
    while (held > 0)
        PyBuffer_Release(&view[--held]);
    return result;
}

static PyObject *
word_sums(PyObject *module, PyObject *arguments)
{
    return summed(arguments, sizeof(uint64_t), sizeof(uint64_t));
}

static PyObject *
byte_sums(PyObject *module, PyObject *arguments)
{
    return summed(arguments, sizeof(int8_t), sizeof(int32_t));
}

static PyMethodDef methods[] = {
    {"word_sums", word_sums, METH_VARARGS, "word_sums(hashes, starts, ends, table, sums): rows of 64-bit words."},
    {"byte_sums", byte_sums, METH_VARARGS, "byte_sums(hashes, starts, ends, table, sums): signed bytes, 32-bit sums."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_gather", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit__gather(void)
{
    return PyModuleDef_Init(&definition);
}
