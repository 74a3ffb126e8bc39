/* The paragraphs of a page and the elements around them: what `tree.py` finds in lexbor's tree, from the markup
 * that lexbor writes of it.
 *
 * That markup is regular: every start tag has its end, every attribute its quotes, and `&amp; &lt; &gt; &nbsp; &quot;`
 * are all the references there are (HTML standard, serialising HTML fragments). Where anything else is met nothing is
 * guessed: `walk` answers None, and Python walks the tree. The names of elements and what they say come from Python.
 */
#include "_characters.h"
#include "../_module.h"

/* As in tree.py: what an element's tag says. */
enum { BLOCK = 1, UNSEEN = 2, LINKED = 4, VERBATIM = 8, VOID = 16 };
/* What only the markup needs to know of a name: it has no end tag, its content is no markup, it is a line break. */
enum { ENDLESS = 32, RAW = 64, BREAK = 128, UNSURE = 256 };

static const char *const ENDLESS_NAMES[] = {"area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img",
                                            "input", "keygen", "link", "meta", "param", "source", "track", "wbr", NULL};
static const char *const RAW_NAMES[] = {"iframe", "noframes", "script", "style", NULL};
/* Their content is shown, and is no markup. */
static const char *const UNSURE_NAMES[] = {"noembed", "plaintext", "xmp", NULL};

#define NAMES 256

typedef struct {
    PyObject *tag; /* borrowed from `seen` */
    int traits;
} Name;

typedef struct {
    Py_ssize_t parent, block, number, from, to; /* from and to: where its attributes stand */
    PyObject *tag;
    int traits;
} Element;

typedef struct {
    Py_ssize_t element;
    PyObject *tag;
} Open;

typedef struct {
    PyObject *text;
    Py_ssize_t holder, block, links;
} Made;

typedef struct {
    Page page;
    PyObject *traits, *seen;
    Py_ssize_t at;
    Name names[NAMES];
    Array elements, open, made;        /* Element, Open, Made */
    Array token, parts, linked, tidied; /* characters */
    Py_ssize_t first, last, block;
    int breaks, ended;
} Walk;

#define ELEMENT(walk, number) ((Element *)(walk)->elements.items + (number))

static Py_ssize_t
common(const Walk *walk, Py_ssize_t one, Py_ssize_t other)
{
    while (one != other)
        if (one > other)
            one = ELEMENT(walk, one)->parent;
        else
            other = ELEMENT(walk, other)->parent;
    return one;
}

/* Ends the paragraph that is open. */
static int
finish(Walk *walk)
{
    Made *made;
    Py_ssize_t holder, links = 0;
    PyObject *text;
    if (walk->first < 0)
        return 1;
    holder = common(walk, walk->first, walk->last);
    if (walk->linked.count) {
        if (!tidy(&walk->linked, &walk->tidied))
            return 0;
        links = walk->tidied.count;
    }
    if (!(ELEMENT(walk, holder)->traits & VERBATIM ? tidy_verbatim : tidy)(&walk->parts, &walk->tidied))
        return 0;
    if (!walk->tidied.count)
        return 1;
    text = PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, walk->tidied.items, walk->tidied.count);
    if (text == NULL)
        return 0;
    made = more(&walk->made, 1, sizeof *made);
    if (made == NULL) {
        Py_DECREF(text);
        return 0;
    }
    *made = (Made){text, holder, walk->block, links};
    return 1;
}

/* The element that is open, -1 for none; inside an unseen one, that one. */
static Py_ssize_t
innermost(const Walk *walk)
{
    return walk->open.count ? ((Open *)walk->open.items)[walk->open.count - 1].element : -1;
}

static enum answer
take_text(Walk *walk, Py_ssize_t from, Py_ssize_t to)
{
    int blank = 1;
    Py_ssize_t inside;
    enum answer decoded;
    inside = innermost(walk);
    if (from == to || inside < 0 || ELEMENT(walk, inside)->traits & UNSEEN)
        return FINE;
    walk->token.count = 0;
    decoded = decode(&walk->page, from, to, &walk->token, &blank);
    if (decoded != FINE)
        return decoded;
    if (blank)
        return walk->ended || put_all(&walk->parts, &walk->token) ? FINE : FAILED;
    if (walk->ended || ELEMENT(walk, inside)->block != walk->block) {
        if (!finish(walk))
            return FAILED;
        walk->parts.count = walk->linked.count = 0;
        walk->ended = 0;
        walk->first = walk->last = inside;
        walk->block = ELEMENT(walk, inside)->block;
    }
    if (inside > walk->last)
        walk->last = inside;
    else if (inside < walk->first)
        walk->first = inside;
    walk->breaks = 0;
    if (!put_all(&walk->parts, &walk->token))
        return FAILED;
    return !(ELEMENT(walk, inside)->traits & LINKED) || put_all(&walk->linked, &walk->token) ? FINE : FAILED;
}

static int
is_one_of(PyObject *tag, const char *const *names)
{
    while (*names && PyUnicode_CompareWithASCIIString(tag, *names))
        names++;
    return *names != NULL;
}

/* Fills a place of the table of names, and keeps the name alive. */
static int
learn(Walk *walk, Name *name, Py_ssize_t from, Py_ssize_t to)
{
    PyObject *fresh = PyUnicode_Substring(walk->page.html, from, to), *given;
    if (fresh == NULL)
        return 0;
    name->tag = PyDict_SetDefault(walk->seen, fresh, fresh);
    Py_DECREF(fresh);
    if (name->tag == NULL)
        return 0;
    given = PyDict_GetItemWithError(walk->traits, name->tag);
    name->traits = given == NULL ? 0 : (int)(PyLong_AsLong(given) & (BLOCK | UNSEEN | LINKED | VERBATIM | VOID));
    name->traits |= is_one_of(name->tag, ENDLESS_NAMES) ? ENDLESS : 0;
    name->traits |= is_one_of(name->tag, RAW_NAMES) ? RAW : 0;
    name->traits |= is_one_of(name->tag, UNSURE_NAMES) ? UNSURE : 0;
    name->traits |= PyUnicode_CompareWithASCIIString(name->tag, "br") ? 0 : BREAK;
    return !PyErr_Occurred();
}

static int
is_name(const Walk *walk, PyObject *tag, Py_ssize_t from, Py_ssize_t to)
{
    if (tag == NULL || PyUnicode_GET_LENGTH(tag) != to - from)
        return 0;
    for (Py_ssize_t i = from; i < to; i++)
        if (PyUnicode_READ_CHAR(tag, i - from) != AT(&walk->page, i))
            return 0;
    return 1;
}

/* The end of one attribute, from the blank before it; its name ends at `equals`. 0 where it is not as lexbor writes them. */
static Py_ssize_t
attribute(const Walk *walk, Py_ssize_t at, Py_ssize_t *equals)
{
    Py_ssize_t end = at + 2; /* a name has a character, and may begin with `=` */
    while (end < walk->page.size && AT(&walk->page, end) != '=' && AT(&walk->page, end) != ' ' && AT(&walk->page, end) != '>')
        end++;
    if (!stands(&walk->page, end, "=\""))
        return 0;
    *equals = end;
    end = next_of(&walk->page, '"', end + 2);
    return end < walk->page.size ? end + 1 : 0;
}

static int
add_element(Walk *walk, const Name *name, Py_ssize_t parent, Py_ssize_t from)
{
    int inherited = parent >= 0 ? ELEMENT(walk, parent)->traits : 0;
    Py_ssize_t me = walk->elements.count, block = parent >= 0 ? ELEMENT(walk, parent)->block : me;
    Element *element = more(&walk->elements, 1, sizeof *element);
    if (element == NULL)
        return 0;
    if (name->traits & BLOCK || parent < 0) {
        block = me;
        walk->breaks = 0;
        walk->ended = 1;
    }
    *element = (Element){parent, block, -1, from, walk->at, name->tag, (name->traits & 31) | (inherited & ~BLOCK)};
    return 1;
}

/* After the content of an element that holds no markup: at its end tag. */
static enum answer
skip_raw(Walk *walk, PyObject *tag)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(tag), end;
    for (; (walk->at = next_of(&walk->page, '<', walk->at)) < walk->page.size; walk->at++) {
        end = walk->at + 2 + length;
        if (end < walk->page.size && AT(&walk->page, walk->at + 1) == '/' && AT(&walk->page, end) == '>' && is_name(walk, tag, walk->at + 2, end))
            return FINE;
    }
    return UNLIKE;
}

static enum answer
void_element(Walk *walk, int traits)
{
    if (traits & BREAK) {
        walk->breaks++;
        walk->ended = walk->ended || walk->breaks > 1;
        return put(&walk->parts, LINE_BREAK) ? FINE : FAILED;
    }
    if (traits & BLOCK) {
        walk->breaks = 0;
        walk->ended = 1;
    }
    return FINE;
}

static enum answer
start_tag(Walk *walk)
{
    Py_ssize_t from = walk->at + 1, to = from, attributes, equals, parent;
    Name *name;
    Open *open;
    while (to < walk->page.size && AT(&walk->page, to) != ' ' && AT(&walk->page, to) != '>')
        to++;
    if (to >= walk->page.size || to == from)
        return UNLIKE;
    name = &walk->names[(AT(&walk->page, from) * 31 + AT(&walk->page, to - 1) * 7 + (Py_UCS4)(to - from)) % NAMES];
    if (!is_name(walk, name->tag, from, to) && !learn(walk, name, from, to))
        return FAILED;
    for (walk->at = attributes = to; AT(&walk->page, walk->at) == ' ';) {
        Py_ssize_t end = attribute(walk, walk->at, &equals);
        if (end == 0 || end >= walk->page.size)
            return UNLIKE;
        walk->at = end;
    }
    if (AT(&walk->page, walk->at) != '>' || name->traits & UNSURE)
        return UNLIKE;
    parent = innermost(walk);
    int unseen = parent >= 0 && ELEMENT(walk, parent)->traits & UNSEEN; /* what is inside counts as that element */
    if (name->traits & VOID) {
        walk->at++;
        return !(name->traits & ENDLESS) ? UNLIKE : unseen ? FINE : void_element(walk, name->traits);
    }
    if (!unseen) {
        if (!add_element(walk, name, parent, attributes))
            return FAILED;
        parent = walk->elements.count - 1;
    }
    walk->at++;
    if (name->traits & ENDLESS)
        return FINE;
    open = more(&walk->open, 1, sizeof *open);
    if (open == NULL)
        return FAILED;
    *open = (Open){parent, name->tag};
    return name->traits & RAW ? skip_raw(walk, name->tag) : FINE;
}

static enum answer
end_tag(Walk *walk)
{
    Py_ssize_t to = next_of(&walk->page, '>', walk->at);
    if (to >= walk->page.size || !walk->open.count || !is_name(walk, ((Open *)walk->open.items)[walk->open.count - 1].tag, walk->at + 2, to))
        return UNLIKE;
    walk->open.count--;
    walk->at = to + 1;
    return FINE;
}

/* A comment, a declaration or an instruction. */
static enum answer
pass_over(Walk *walk)
{
    Py_ssize_t end = walk->at;
    if (!stands(&walk->page, walk->at, "<!--"))
        end = next_of(&walk->page, '>', end);
    else
        for (end = next_of(&walk->page, '>', end + 6); end < walk->page.size; end = next_of(&walk->page, '>', end + 1))
            if (AT(&walk->page, end - 1) == '-' && AT(&walk->page, end - 2) == '-')
                break;
    walk->at = end + 1;
    return end < walk->page.size ? FINE : UNLIKE;
}

static enum answer
read_page(Walk *walk)
{
    enum answer answer = FINE;
    while (answer == FINE && walk->at < walk->page.size) {
        Py_ssize_t tag = next_of(&walk->page, '<', walk->at);
        answer = take_text(walk, walk->at, tag);
        walk->at = tag;
        if (answer != FINE || tag + 1 >= walk->page.size)
            break;
        Py_UCS4 next = AT(&walk->page, tag + 1);
        answer = next == '/' ? end_tag(walk) : next == '!' || next == '?' ? pass_over(walk) : start_tag(walk);
    }
    if (answer == FINE && (walk->open.count || walk->at < walk->page.size))
        return UNLIKE;
    return answer == FINE && !finish(walk) ? FAILED : answer;
}

enum { CLASS, ID, ROLE, ITEMPROP, SIGNS, STYLE = SIGNS, HIDDEN, ARIA_HIDDEN, READ };
static const char *const ATTRIBUTES[READ] = {"class", "id", "role", "itemprop", "style", "hidden", "aria-hidden"};

/* Whether a style hides its element; its characters are left without blanks, in small letters. */
static int
hides(Array *style)
{
    static const char *const HIDING[] = {"display:none", "visibility:hidden"};
    Py_UCS4 *characters = style->items;
    Py_ssize_t count = 0;
    for (Py_ssize_t i = 0; i < style->count; i++)
        if (characters[i] != ' ')
            characters[count++] = characters[i] < 128 ? (Py_UCS4)Py_TOLOWER((int)characters[i]) : characters[i];
    for (int i = 0; i < 2; i++)
        for (Py_ssize_t from = 0, length = (Py_ssize_t)strlen(HIDING[i]); from + length <= count; from++) {
            Py_ssize_t same = 0;
            while (same < length && characters[from + same] == (Py_UCS4)HIDING[i][same])
                same++;
            if (same == length)
                return 1;
        }
    return 0;
}

/* Reads an element's attributes into its sign, `class`, `id`, `role` and `itemprop` a line each, and whether it is hidden. */
static enum answer
read_attributes(Walk *walk, const Element *element, PyObject **sign, int *hidden)
{
    Py_ssize_t from[READ] = {0}, to[READ] = {0}, equals = 0, end;
    int blank = 0;
    for (Py_ssize_t at = element->from; at < element->to; at = end) {
        end = attribute(walk, at, &equals);
        if (end == 0)
            return UNLIKE;
        for (int i = 0; i < READ; i++)
            if (stands(&walk->page, at + 1, ATTRIBUTES[i]) && equals - at - 1 == (Py_ssize_t)strlen(ATTRIBUTES[i])) {
                from[i] = equals + 2;
                to[i] = end - 1;
            }
    }
    walk->parts.count = 0;
    for (int i = 0; i < SIGNS; i++) {
        walk->token.count = 0;
        enum answer decoded = decode(&walk->page, from[i], to[i], &walk->token, &blank);
        if (decoded != FINE)
            return decoded;
        if (!tidy(&walk->token, &walk->tidied) || (i && !put(&walk->parts, '\n')) || !put_all(&walk->parts, &walk->tidied))
            return FAILED;
    }
    walk->token.count = 0;
    enum answer decoded = decode(&walk->page, from[STYLE], to[STYLE], &walk->token, &blank);
    if (decoded != FINE)
        return decoded;
    *hidden = from[HIDDEN] || (to[ARIA_HIDDEN] - from[ARIA_HIDDEN] == 4 && stands(&walk->page, from[ARIA_HIDDEN], "true")) ||
              hides(&walk->token);
    *sign = PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, walk->parts.items, walk->parts.count);
    return *sign == NULL ? FAILED : FINE;
}

/* Numbers the elements that hold text and those around them; how many they are. */
static Py_ssize_t
number_used(Walk *walk)
{
    Py_ssize_t used = 0;
    for (Py_ssize_t i = 0; i < walk->made.count; i++)
        for (Py_ssize_t at = ((Made *)walk->made.items)[i].holder; at >= 0 && ELEMENT(walk, at)->number < 0;
             at = ELEMENT(walk, at)->parent)
            ELEMENT(walk, at)->number = 0;
    for (Py_ssize_t i = 0; i < walk->elements.count; i++)
        if (ELEMENT(walk, i)->number == 0)
            ELEMENT(walk, i)->number = used++;
    return used;
}

enum { TEXTS, HOLDERS, BLOCKS, LINKS, PARENTS, TAGS, SIGNS_OF, HIDDEN_ONES, LISTS };

/* The lists that are answered, of empty places. */
static PyObject *
empty_lists(Py_ssize_t paragraphs, Py_ssize_t elements)
{
    PyObject *lists = PyTuple_New(LISTS);
    for (int i = 0; lists != NULL && i < LISTS; i++) {
        PyObject *list = PyList_New(i < PARENTS ? paragraphs : elements);
        if (list == NULL)
            Py_CLEAR(lists);
        else
            PyTuple_SET_ITEM(lists, i, list);
    }
    return lists;
}

static int
set(PyObject *lists, int list, Py_ssize_t place, PyObject *value)
{
    if (value != NULL)
        PyList_SET_ITEM(PyTuple_GET_ITEM(lists, list), place, value);
    return value != NULL;
}

static int
set_paragraphs(Walk *walk, PyObject *lists)
{
    int fine = 1;
    for (Py_ssize_t i = 0; fine && i < walk->made.count; i++) {
        const Made *made = (Made *)walk->made.items + i;
        fine = set(lists, TEXTS, i, Py_NewRef(made->text)) &&
               set(lists, HOLDERS, i, PyLong_FromSsize_t(ELEMENT(walk, made->holder)->number)) &&
               set(lists, BLOCKS, i, PyLong_FromSsize_t(ELEMENT(walk, made->block)->number)) &&
               set(lists, LINKS, i, PyLong_FromSsize_t(made->links));
    }
    return fine;
}

static enum answer
set_elements(Walk *walk, PyObject *lists)
{
    for (Py_ssize_t i = 0; i < walk->elements.count; i++) {
        const Element *element = ELEMENT(walk, i);
        Py_ssize_t at = element->number;
        PyObject *sign = NULL;
        int hidden = 0;
        if (at < 0)
            continue;
        enum answer read = read_attributes(walk, element, &sign, &hidden);
        if (read != FINE)
            return read;
        set(lists, SIGNS_OF, at, sign);
        set(lists, TAGS, at, Py_NewRef(element->tag));
        set(lists, HIDDEN_ONES, at, PyBool_FromLong(hidden));
        if (!set(lists, PARENTS, at, PyLong_FromSsize_t(element->parent < 0 ? -1 : ELEMENT(walk, element->parent)->number)))
            return FAILED;
    }
    return FINE;
}

/* The answer of a page that was read; None where its attributes are not as expected. */
static PyObject *
answered(Walk *walk)
{
    PyObject *lists = empty_lists(walk->made.count, number_used(walk));
    enum answer answer = lists == NULL || !set_paragraphs(walk, lists) ? FAILED : set_elements(walk, lists);
    if (answer != FINE)
        Py_CLEAR(lists);
    return answer == UNLIKE ? Py_NewRef(Py_None) : lists;
}

static void
release(Walk *walk)
{
    Array *const arrays[] = {&walk->elements, &walk->open, &walk->made, &walk->token, &walk->parts, &walk->linked, &walk->tidied};
    for (Py_ssize_t i = 0; i < walk->made.count; i++)
        Py_DECREF(((Made *)walk->made.items)[i].text);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        PyMem_Free(arrays[i]->items);
    Py_XDECREF(walk->seen);
    PyMem_Free(walk);
}

static PyObject *
walk_page(PyObject *module, PyObject *arguments)
{
    PyObject *html, *traits, *result = NULL;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "UO!:walk", &html, &PyDict_Type, &traits))
        return NULL;
    Walk *walk = PyMem_Calloc(1, sizeof *walk);
    if (walk == NULL)
        return PyErr_NoMemory();
    walk->page = (Page){html, PyUnicode_DATA(html), PyUnicode_KIND(html), PyUnicode_GET_LENGTH(html)};
    walk->traits = traits;
    walk->seen = PyDict_New();
    walk->first = walk->last = walk->block = -1;
    walk->ended = 1;
    if (walk->seen != NULL) {
        enum answer answer = read_page(walk);
        result = answer == FINE ? answered(walk) : answer == UNLIKE ? Py_NewRef(Py_None) : NULL;
    }
    release(walk);
    return result;
}

static PyMethodDef methods[] = {
    {"walk", walk_page, METH_VARARGS, "walk(html, traits): eight lists, or None for markup that lexbor would not write."},
    {NULL, NULL, 0, NULL},
};

MODULE(_walk, methods)
