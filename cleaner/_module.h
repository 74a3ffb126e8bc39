/* What a compiled module says of itself: it holds no state, so any interpreter may load it, and threads need no lock. */
static PyModuleDef_Slot slots[] = {
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

/* The module `name` of `methods`: the last line of its source. */
#define MODULE(name, methods)                                                                                               \
    static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, #name, NULL, 0, methods, slots, NULL, NULL, NULL};       \
    PyMODINIT_FUNC PyInit_##name(void)                                                                                      \
    {                                                                                                                       \
        return PyModuleDef_Init(&definition);                                                                               \
    }
