"""Define what may stand between a name and its value: signs, line breaks, cell borders, brackets, and words.

The patterns are matched right after a name, in the order of `GAPS`. Each kind has its own test for the value, in
`responses.named_secrets`.
"""

from __future__ import annotations

from typing import Final

from responses.late_patterns import LateBacktracking, LatePattern

# Windows of at most two hundred bytes are read with `re`, which starts faster than RE2.
# Marks that close a name: quotes, an index, marks of a chat, a variable's second percent sign.
CLOSE: Final = LateBacktracking(
    rb"(?:</[a-z]{1,6}>|%(?=[ \t]*=)|[\\\"'`*_~\])]|" + "”|’|」|』|】|»|›".encode() + rb"){0,6}"
)
_TYPE: Final = (
    rb"(?:\[[0-9]*\]|[ \t]+(?:\*?string|\[\]byte)(?=[ \t]*=)"
    rb"|[ \t]*:[ \t]*&?(?:'static )?(?i:string|str|bytes?|any|char|secretstr|final|optional\[str\])\??)?"
)
_COLON: Final = rb"(?:::?|" + "：".encode() + rb")"
TELLS: Final = LatePattern(
    rb"[?!]{0,3}(?:[ \t]*\([^()\n]{0,40}\))?(?:[ \t]+(?i:is|was|are|now|to|as|changed|reset|rotated|updated|set|still"
    rb"|currently|new|its|it's|just|simply|probably|actually|should|must|will|got|from[ \t]+\S{1,40}[ \t]+to"
    rb"|has|have|been|be|used to be|c'est|equals|(?:for|of|in|on|at)(?:[ \t]+[\w.'@-]+){1,4}?[ \t]+(?:is|was|are|to"
    rb"|now)|(?:for|of)[ \t]+[\w.-]+|with[ \t]+value|ist|lautet|e"
    rb"st|es|jest)\b|[ \t]+" + "é|は|является".encode() + rb")+[ \t]*:?[ \t]*"
    rb"|[ ](?:-|" + "–|—".encode() + rb")[ ]"
)
_TELLS_CHINESE: Final = (
    "(?:已经|已|现在|现|重新|默认|统一|应该|就|还|都)?(?:被)?(?:改成|改为|换成|换为|设为|设成|设置为|设置成|重置为|更新为|变成|是|为|填"
    "|用|输入|叫|默认)(?:了)?[ \\t]*(?:：|:)?"
).encode()
# In a sentence the value may come a few words later; it then has to look generated.
SENTENCE_WORD: Final = LateBacktracking(
    rb"(?:[A-Za-z']{1,12}[,;:]?|\([^()\s]{0,20}\)[,;:]?|>{1,2}|~|/|--?|\.{2,3}|[,;:]|[^\x00-\x7f]{1,24}|"
    + "…|–|—".encode()
    + rb")\Z"
)
MOST_WORDS: Final = 8
_REMARK: Final = rb"(?:[ \t]*\([^()\n]{0,40}\)|" + "（(?:(?!）)[^\\n]){0,60}）".encode() + rb")?"
# Tags of YAML that look a value up.
_LOOKUP_TAG: Final = rb"(?i:ref|sub|getatt|importvalue|secret|env\w*|join|select|reference)\b"
_LABEL_END: Final = (
    rb"(?:(?:[*_`~]{1,2}|!{1,2}(?!" + _LOOKUP_TAG + rb")[\w:/.-]*|&\w+|(?i:its|it's|it is|still|now))[ \t]+)?"
)
_SIGN: Final = rb"(?::=|\|\|=?|\?\?=?|//=|[=~-]{1,12}>|===?|!==?|\?=|\+=|=|<-|<<<|" + "→|⇒|➜|＝|←".encode() + rb")"
# The kinds of separators, in the order in which they are tried.
GAPS: Final = tuple(
    (kind, LateBacktracking(pattern))
    for kind, pattern in (
        (
            "assign",
            rb"(?:[ \t]*[(\[][^()\[\]\n]{1,30}[)\]](?=[ \t]*=))?"
            + _TYPE
            + rb"(?:\s{0,8}|[ \t]{9,60})"
            + _SIGN
            + rb"[ \t]*(?:<<[-~]?[\"']?\w+[\"']?\r?\n[ \t]*)?(?:\\\r?\n[ \t]*)?(?:[*_`~]{1,2}[ \t]+)?",
        ),
        ("block", rb"[ \t]*:[ \t]*[|>][+-]?[ \t]*\r?\n"),
        # An object below the name: password:\n  value: …
        (
            "nested",
            rb"[^\n]{0,60}\n[ \t>|+-]*[\"']?(?i:(?:new|old|current)?[ _-]?(?:value|val))[\"']?[ \t]*(?::|=>?)[ \t]*",
        ),
        (
            "line",
            _REMARK
            + rb"[ \t]*(?:(?:is|was|are|below)[ \t]*)?(?:"
            + _COLON
            + rb"|=|\|)?[ \t]*(?:\r?\n[ \t]*-{3,}[ \t]*(?=\r?\n[^|\n]+(?:\n|\Z)))?(?:\r?\n[ \t>|+-]*(?:``"
            rb"`\w*)?){1,3}(?::[ \t]+)?",
        ),
        # A chat's bold label ends after its colon: *password:* …; YAML has tags and anchors there.
        ("colon", _REMARK + rb"(?:[ \t]?\.){0,30}[ \t]*" + _COLON + rb"[ \t]*" + _LABEL_END),
        (
            "for",
            rb"[ \t]+(?:(?:for|of|on|in|do|da|de|del|des|du|der|vom|von|auf|pour|para|f\xc3\xbcr)"
            rb"(?:[ \t]+[\"'`]?[\w.@/-]{1,30}[\"'`]?){1,4}?)[ \t]*(?:(?:"
            + _SIGN
            + rb"|"
            + _COLON
            + rb")[ \t]*(?:\r?\n[ \t>]*(?:```\w*\r?\n)?)?|(?:below|here)[ \t]*:?[ \t]*\r?\n[ \t>]*)",
        ),
        # password prod: …
        ("label", rb"[ \t]+[A-Za-z][\w.@-]{0,19}[ \t]*:[ \t]+"),
        # … with value 'x', has the value [x], (value=x)
        (
            "valued",
            rb"[^\n:=]{0,60}?\b(?:with|has|had|got|the|a|its|and|,|\()[ \t]*(?i:value)(?:[ \t]+(?:is|was|"
            rb"of))?[ \t]*[:=]?[ \t]*\[?",
        ),
        ("call", rb"(?:\.(?i:equals(?:ignorecase)?|compareto))?\([ \t]*(?=[bru]?[\"'`])|[ \t]+eq[ \t]+(?=[\"'])"),
        (
            "comma",
            rb"(?<=[\"'])\s*,\s*|(?<=[\"'])[ \t]*\r?\n[ \t]*[0-9]{1,3}\)[ \t]*(?=[\"'])"
            rb"|[,;|]{1,2}[ \t]*[\[({<]{0,3}?(?=[\[({]?[\"'])|\(\s*(?=[\"'])",
        ),
        (
            "cell",
            rb"(?:[ ]*(?:\||"
            + "│|║|┃|｜".encode()
            + rb")[ ]*|[ ]*\t[ \t]*|(?:[,;]|"
            + "、|，".encode()
            + rb")(?=[^\s,;])|[ ]?(?:(?:\.[ ]?){3,}|-{3,}|>{1,2}|"
            + "…{1,4}".encode()
            + rb")[ ]?)",
        ),
        ("bracket", rb"[ \t]*(?:[?!]{1,2}[ \t]+|[<\[({]|" + "（".encode() + rb")(?=[^\s\"'<>(){}\[\]])"),
        ("chinese", rb"[ \t]*" + _TELLS_CHINESE + rb"[ \t]*"),
        ("foreign", rb"[ \t]*[\x80-\xff]{2,24}(?:[ \t]+[\x80-\xff]{2,24}){0,4}[ \t]*(?=[!-~])"),
    )
)
# Network devices put the kind of encryption there: secret 5 …
SPACE: Final = LateBacktracking(rb"[ \t]*(?:(?<=[ \t])[0-9]{1,2}[ \t]+(?=\S{8}))?")
# Old and new value: password = "…" -> "…"
CHANGED: Final = LateBacktracking(rb"[\"'`]?[ \t]*(?:->|=>|" + "→|⇒|➜".encode() + rb")[ \t]*")
# A quoted string later in this line or in the next, which then has to look generated: token = client.login("…")
LATER_QUOTE: Final = LateBacktracking(
    rb"[^\n\"']{1,60}(?:\n[^\n\"']{0,60})?(?:[\"'][\w.-]{1,30}[\"'][^\n\"']{1,10})?(?=[\"'])"
)
# Words of an array in a shell, a value in braces of ODBC: PASSWORDS=(… …), PWD={…}
LIST: Final = LateBacktracking(rb"[({]([^(){}\"'$:=\n]*[^(){}\"'$:=\s])[ \t]*[)}]")
# A value that goes on in the next line.
CONTINUED: Final = LateBacktracking(rb"\\\r?\n[ \t]*([^\s\\\"']{2,})")
