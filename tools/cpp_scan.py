"""A small reader of C++ text: enough to find includes, functions and classes, not a parser.

It knows comments, strings, raw strings, character literals and braces. It does not expand macros
and is right for code that clang-format has laid out, which is all the code of this tree.
"""

import re
from dataclasses import dataclass

_TOKENS = re.compile(
    r"""
      (?P<line_comment>//[^\n]*)
    | (?P<block_comment>/\*.*?\*/)
    | (?P<raw>R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)")
    | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<number>\b[0-9](?:'?[0-9a-zA-Z_.])*)
    | (?P<character>'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE | re.DOTALL,
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_LEADING_WORDS = re.compile(r"^(?:(?:typedef|static|inline|constexpr|const|friend|export)\s+)*")
_ALIGNAS = r"alignas\s*\([^)]*\)"
_TYPE = re.compile(r"^(?:class|struct|union|enum)\b")
_TYPE_NAME = re.compile(r"(?:class|struct|union)\s+(?:" + _ALIGNAS + r"\s*)?([\w:]+)")
_NAMESPACE_NAME = re.compile(r"(?:inline\s+)?namespace\s+([\w:]*)")
_LAMBDA = re.compile(
    r"\]\s*(?:\(.*\))?\s*(?:mutable|noexcept|constexpr|->\s*[\w:<>&*, ]+|\s)*$", re.DOTALL
)
_MEMBER_INIT = re.compile(r"\)\s*(?:noexcept\s*(?:\([^()]*\))?\s*)?:(?!:)")
_BODY_WORD = re.compile(r"\b(?:const|noexcept|override|final|mutable|try|volatile)\s*$")


@dataclass(frozen=True)
class Include:
    line: int
    name: str
    is_quoted: bool


@dataclass(frozen=True)
class Function:
    head: str
    first_line: int
    last_line: int


@dataclass(frozen=True)
class Class:
    """A `class` with a body. `scope` names the namespaces and types around it, outermost first."""

    name: str
    line: int
    scope: tuple
    is_nested: bool  # In another type.
    head: str


def blank(text, keep_comments=False, keep_strings=False):
    """Returns text of the same length and lines with comments and literals turned into blanks."""

    def to_blanks(match):
        if match.lastgroup == "number":
            return match.group().replace("'", "_")
        if keep_comments and match.lastgroup in ("line_comment", "block_comment"):
            return match.group()
        is_text = match.lastgroup in ("raw", "tag", "string", "character")
        if is_text and keep_strings:
            return match.group()
        blanks = re.sub(r"[^\n]", " ", match.group())
        return '"' + blanks[1:-1] + '"' if is_text else blanks

    return _TOKENS.sub(to_blanks, text)


def includes(text):
    """Yields every include line that is not in a comment."""
    for match in _INCLUDE.finditer(blank(text, keep_strings=True)):
        yield Include(line_of(text, match.start()), match.group(2), match.group(1) == '"')


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def _without_templates(head):
    """Drops `template<...>` and `[[...]]` from the front of a declaration."""
    head = head.strip()
    while True:
        if head.startswith("[["):
            head = head[head.find("]]") + 2 :].strip()
            continue
        match = re.match(r"template\s*<", head)
        if not match:
            return head
        depth, at = 1, match.end()
        while at < len(head) and depth > 0:
            depth += {"<": 1, ">": -1}.get(head[at], 0)
            at += 1
        head = head[at:].strip()
        if head.startswith("requires"):
            # The clause runs up to the declaration; what follows it on its line decides.
            head = head.split("\n", 1)[1].strip() if "\n" in head else head


def _has_initialiser(head):
    """True when the head has `=` outside brackets: what follows is a value, not a body."""
    depth = 0
    for at, char in enumerate(head):
        depth += {"(": 1, "[": 1, "<": 1, ")": -1, "]": -1, ">": -1}.get(char, 0)
        is_assignment = head[at - 1] not in "=!<>+-*/|&^" and head[at + 1 : at + 2] != "="
        if char == "=" and depth <= 0 and is_assignment:
            return "operator" not in head[max(0, at - 12) : at]
    return False


def _kind(head):
    """Says what the brace after `head` opens: namespace, class, type, function, member or value."""
    bare = _without_templates(head)
    if re.match(r'(?:inline\s+)?namespace\b|extern\s*"', bare):
        return "namespace"
    bare = re.sub(r"\[\[.*?\]\]", " ", bare)
    plain = _LEADING_WORDS.sub("", bare)
    is_call = re.search(r"\)\s*(?:const|noexcept|\s)*$", re.sub(_ALIGNAS, "", plain))
    if _TYPE.match(plain) and not is_call:  # Else a function that returns `struct stat`.
        return "class" if plain.startswith("class") else "type"
    if _LAMBDA.search(plain):
        return "function"
    if "(" not in plain or _has_initialiser(plain):
        return "value"
    ends_in_name = re.search(r"[\w>]\s*$", plain) and not _BODY_WORD.search(plain)
    if ends_in_name and _MEMBER_INIT.search(plain) and "->" not in plain:
        return "member"
    return "function"


def _name_of(head):
    plain = _LEADING_WORDS.sub("", re.sub(r"\[\[.*?\]\]", " ", _without_templates(head)))
    match = _NAMESPACE_NAME.match(plain) or _TYPE_NAME.match(plain)
    return match.group(1) if match else ""


def _class_of(text, head, at, stack):
    scope = tuple(name for _, name, *_ in stack if name)
    is_nested = any(kind in ("class", "type") for kind, *_ in stack)
    first_line = line_of(text, at - len(head.lstrip()))
    return Class(_name_of(head), first_line, scope, is_nested, " ".join(head.split()))


def structure(text):
    """Returns (functions, classes) of the text; a lambda belongs to the function around it."""
    code = _DIRECTIVE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), blank(text))
    functions, classes, stack = [], [], []
    start = 0  # Where the declaration that may open a brace begins.
    for match in re.finditer(r"[{};]|\b(?:public|private|protected)\s*:", code):
        char, at = match.group(), match.start()
        if char == "{":
            head = code[start:at]
            is_inside = any(kind == "function" for kind, *_ in stack)
            kind = "value" if is_inside else _kind(head)
            if kind == "class":
                classes.append(_class_of(text, head, at, stack))
            name = _name_of(head) if kind in ("namespace", "class", "type") else ""
            stack.append((kind, name, head, at, start))
            if kind != "member":
                start = match.end()
        elif char == "}":
            kind, _, head, opened, outer_start = stack.pop() if stack else ("value", "", "", at, at)
            if kind == "function":
                lines = line_of(text, opened), line_of(text, at)
                functions.append(Function(" ".join(head.split()), *lines))
            # A member initialiser is a part of the declaration around it.
            start = outer_start if kind == "member" else match.end()
        elif char != ";" or not (stack and stack[-1][0] == "member"):
            start = match.end()
    return functions, classes
