"""Judge by its words whether a name announces a secret, and whether its value is plainly none.

A name (DB_PASSWORD, clientSecret, x-api-key, 密码, Kennwort) is split at case changes, separators and digits. Its last
telling word and the words after it decide: `passwordHash` holds a secret, `passwordSecretRef` names an object,
`passwordSeed` is judged by its value. A value is none if it is a placeholder, a path, an expression of code, the word
for a state, or the name of an object.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import Final

from responses.redaction.buffer import FILL, LateBacktracking, is_ordinary, looks_generated, looks_mixed, looks_random


class Level(IntEnum):
    """The strength of a name as a sign of a secret value."""

    NONE = 0
    # The value has to be a long mix of cases and digits.
    FAINT = 1
    # The value has to look random.
    WEAK = 2
    TELLING = 3


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TELLING: Final = _word_set(
    "password passwords passwd passphrase passcode pwd pw pass secret token credential credentials creds cred psk"
    " mnemonic pword passwort kennwort senha contrasena motdepasse wachtwoord losenord passord salasana heslo haslo"
    " jelszo parola sifre authtok psw pswd mdp clave geheimnis"
)
# These also end words that are written without a separator: PGPASSWORD, dbtoken.
_ENDINGS: Final = (
    "password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "credential", "credentials", "apikey",
    "passwort", "accesskey",
    "secretkey", "privatekey", "authkey", "signingkey", "encryptionkey", "masterkey", "presharedkey",
    "sharedkey", "accountkey", "storepass", "keypass", "rootpass", "dbpass", "userpass", "adminpass", "mypass",
    "sshpass", "userpw", "rootpw", "adminpw", "dbpw", "bindpw", "mailpw",
)  # fmt: skip
# Kinds of keys that are secrets; other keys name buttons, map entries or rows.
KEY_KINDS: Final = _word_set(
    "api access private secret account encryption decryption signing master session cookie webhook license integration"
    " routing jwt hmac aes shared preshared auth authentication subscription app application storage ingest ingestion"
    " deploy bearer crypt cipher sas wireguard tsig certificate unseal recovery fernet rndc instrumentation"
    " consumer client admin functions product"
)
# Codes that let their holder in.
CODE_KINDS: Final = _word_set("recovery backup scratch verification unlock 2fa mfa otp totp pairing activation passkey")
_WEAK: Final = _word_set(
    "auth authorization tokens secrets sk ak pin otp totp hmac signature sig session sessionid sid cookie jwt csrf xsrf"
    " bearer apikeys pat nonce cnonce seed salt pepper phrase"
)
# Words after a telling one that change nothing: SECRET_KEY_BASE, token-v2, PASSWORD_OLD, passwordHash.
_SAME: Final = _word_set(
    "base base64 b64 b current previous prev old new primary secondary value values raw plain plaintext text v hash"
    " hashed digest encrypted enc data string str default prod production dev test staging live env x temp temporary"
    " initial admin root user"
)
# Words after a telling one that make it the name, the place, the rule or the number of something.
_HARMLESS: Final = _word_set(
    "ref refs reference name names file files path paths dir directory policy policies count type types length len size"
    " limit limits ttl expiry expires expiration expired seconds minutes hours days age url uri endpoint endpoints"
    " issuer audience aud id ids key keys review reviews request requests response store stores manager provider"
    " providers namespace kind version algorithm alg format field fields label labels prefix suffix header headers"
    " source sources mount mounts volume volumes reset required require enabled enable disabled disable rotation"
    " rotate hint min max stdin prompt auth error errors class usage rate service services controller server client"
    " method methods mode status state column index list set get at time date created updated bucket group scope scopes"
    " template annotation annotations selector cache per cleaner signer spec resource resources operator driver plugin"
    " webhook validator generator protected protection strength complexity lookup mapping configmap object item items"
    " checksum fingerprint used left total budget window symbol address contract owner holder ok valid invalid"
    " encoder factory impl bean handler filter interceptor exception helper util utils builder converter decoder parser"
    " resolver repository adapter interface listener"
    " failed failure failures success successful changed change check checker attempts retries"
)
# Tokens and keys of another kind: of a list's next page, of a cluster, of a language model.
_OTHER: Final = _word_set(
    "page next continue continuation cluster max min prompt completion input output total reasoning stop special eos"
    " bos pad unk public partition sort primary foreign row cache map object sync resume skip num per publishable"
    " fencing shard"
)
# Keys that are no secrets: of a keyboard, of a map, of an idempotent request.
_KEYS: Final = _word_set(
    "idempotency group label annotation topology host index hash range composite natural unique event message record"
    " translation i18n config field context issue project registry lookup"
)
_PASSWORD: Final = "password"
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SPLIT: Final = re.compile(r"[^A-Za-z0-9]+")
# Names in other scripts or with marks; they need no word boundary.
_FOREIGN_PASSWORDS: Final = (
    "密码", "密碼", "口令", "通行碼", "mot de passe", "contraseña", "palabra clave", "hasło", "lösenord", "jelszó",
    "parolă", "şifre", "mật khẩu", "kata sandi", "пароль", "пароля", "κωδικός", "パスワード", "暗証番号", "비밀번호",
    "암호", "كلمة المرور", "كلمة السر", "סיסמה", "पासवर्ड", "รหัสผ่าน",
)  # fmt: skip
FOREIGN: Final = (
    *_FOREIGN_PASSWORDS, "密钥", "秘钥", "密鑰", "金鑰", "令牌", "權杖", "私钥", "私鑰", "凭证", "憑證", "凭据",
    "токен", "секретный ключ", "ключ доступа", "トークン", "シークレット", "秘密鍵", "토큰", "비밀키",
)  # fmt: skip
# Verbs that begin the names of methods: GetSecret, listTokens.
_VERBS: Final = _word_set("get list fetch describe delete watch from")
_PASSWORDS: Final = re.compile(
    r"(?i)pass(?!ive|age|ing|ed\b)|pwd|pw\b|psk|kennwort|wachtwoord|senha|heslo|haslo|contrasena|mdp|clave|geheimnis|losenord|salasana|jelszo"
    r"|parola|sifre|authtok|mot de passe"
)
_LONGEST: Final = 120


@lru_cache(maxsize=4096)
def level_of(name: str) -> Level:
    """Return how much this name says about its value."""
    if (not name.isascii() or " " in name) and any(word in name.lower() for word in FOREIGN):
        return Level.TELLING
    words = _words(name[-_LONGEST:])
    if " " not in name and looks_generated(name.encode()) and not any(word.endswith(_ENDINGS) for word in words):
        # An id that has "pw" or "sk" in it by chance.
        return Level.NONE
    for at in range(len(words) - 1, -1, -1):
        end = _telling_end(words, at)
        if end:
            return _level_after(words[:at], words[end:])
    return _level_of_last(name, words)


def _level_of_last(name: str, words: list[str]) -> Level:
    """Return the level that the last words of a name give it, if none of them tells that it is a secret."""
    if name.isupper() and words[-1:] == ["auth"] and len(words) > 1:
        # REDISCLI_AUTH
        return Level.TELLING
    weak = words and (words[-1] in _WEAK or words[-2:] in (["session", "id"], ["key", "id"]))
    if weak:
        return Level.WEAK
    if words[-1:] == ["keys"] and words[-2:-1] and words[-2] in KEY_KINDS:
        return Level.WEAK
    is_key = words and words[-1] == "key" and not _OTHER.union(_KEYS).intersection(words[-2:-1])
    return Level.FAINT if is_key else Level.NONE


@lru_cache(maxsize=4096)
def is_password_name(name: bytes) -> bool:
    """Return whether the name announces a password, which people choose, rather than a token, which is generated."""
    text = name.decode("utf-8", "replace")
    return bool(_PASSWORDS.search(text)) or any(word in text.lower() for word in _FOREIGN_PASSWORDS)


def _is_misspelt(word: str) -> bool:
    """Return whether one letter of "password" is missing, doubled, wrong or swapped with the next."""
    if not 7 <= len(word) <= 9 or abs(len(word) - len(_PASSWORD)) > 1:
        return False
    first = next((at for at, (a, b) in enumerate(zip(word, _PASSWORD, strict=False)) if a != b), len(_PASSWORD))
    here, there = word[first:], _PASSWORD[first:]
    return (
        here[1:] == there
        or here == there[1:]
        or here[1:] == there[1:]
        or (here[:2] == there[1::-1] and here[2:] == there[2:])
    )


def _words(name: str) -> list[str]:
    # DB_PASSWORD and dbPassword have words; a name whose cases alternate is read as a whole.
    return [word.lower() for part in _SPLIT.split(name) for word in _WORDS.findall(part) if not word.isdigit()]


def _telling_end(words: list[str], at: int) -> int:
    """Return the index after the telling word that starts at `at`, or 0."""
    word = words[at]
    following = words[at + 1] if at + 1 < len(words) else ""
    if word == "pass" and following in ("word", "phrase", "code"):
        return at + 2
    if word == "secret" and following in ("id", "key"):
        return at + 2
    if (following == "key" and word in KEY_KINDS) or (following in ("code", "codes") and word in CODE_KINDS):
        return at + 2
    if word in _TELLING or word.endswith(_ENDINGS) or _is_misspelt(word):
        return at + 1
    return 0


def _level_after(before: list[str], after: list[str]) -> Level:
    if before and (before[-1] in _OTHER or before[-1] in _VERBS):
        return Level.NONE
    if all(word in _SAME for word in after):
        return Level.TELLING
    return Level.NONE if any(word in _HARMLESS for word in after) else Level.WEAK


# --- values that are plainly no secret ------------------------------------------------------------------------------
_SHORTEST: Final = 3
_MARKS: Final = b"\"'`~*"
# Names of objects are references, not values: secret="default/db", imagePullSecret: regcred.
_REFERENCE: Final = LateBacktracking(rb"[a-z0-9][a-z0-9./-]*")
_REFERRING_NAME: Final = LateBacktracking(
    rb"(?i:secret|.*(?:pull|tls|ca|cert|image|ref|name|password|token|existing|credentials?|auth|config"
    rb"|registry|docker|store)[_-]?secret)"
)
_PLACEHOLDER: Final = LateBacktracking(
    rb"(?i:<[^<>]*>?|\$\(.*|\$\{.*|\$[A-Z_]+|\{\{.*|\{[a-z_.]+[|}]?|%[({].*|[*]+|x{3,}|[.]{3,}|null|nil|none"
    rb"|[a-z]{2,12}[-_](?:[.]{3}|\xe2\x80\xa6|-|\x60)?"
    rb"|true|false|undefined"
    rb"|%\w+\(.*\)%|%\w+%|\$env:.*|#\{.*|@\{.*|__\w+__|\(known|\(sensitive|your[ _-].*|.*[_-]here"
    rb"|replace[_-]?me.*|insert[_-].*|todo|tbd|n/a"
    rb"|ENC\[AES.*|\{cipher\}.*|vault:v[0-9]+:.*"
    # Where a secret is kept: op://…, ref+vault://…, arn:…, !Ref …, from-file.
    rb"|(?:op|file|aws-\w+|gcp\w*|ssm|vault|ref\+\w+|arn|env|secretref|secretsmanager|keyvault|akv|kms|k8s|kubernetes|sm):[/\w].*"
    rb"|!(?:ref|sub|getatt|importvalue|secret|env\w*|join|select|reference)|from[-_]\w+"
    rb"|await|async|yield|lambda|function|return|test[A-Z]\w*"
    rb"|str|int|any|bool|char|byte|bytes|text|uuid|object|number|new|string|strings|stringarray|required|optional|[\[({<*]*(?:redacted|filtered|masked|hidden|removed|protected|omitted|scrubbed|sensitive|secret|private|concealed)[\])}>*]*|[\w.]+\(.*|[{\[]+(?:[\w.]*:)?|\[\]|\{\}"
    rb"|~?/(?:var|etc|run|home|root|tmp|mnt|opt|usr|secrets?)/.*|\.{1,2}[\w.-]*/.*|https?://[^@]*)"
)
# A value from elsewhere in code: var.db_password, process.env.TOKEN, random_password.db[0].result.
_CODE: Final = LateBacktracking(
    rb"(?:[A-Za-z_]{2,}(?:\[[\w.*\"']*\])?(?:\.[A-Za-z_]{2,}(?:\[[\w.*\"']*\])?)+|(?:var|local|module|data|self|this|config|settings"
    rb"|env|process|os|secrets|vars|inputs|steps|needs|outputs|each|args|opts|options|params|props|ctx|cfg|conf)(?:\.\w{2,30})+)[,;)}\]]*"
)
# os.environ[" and its like, up to the name that is looked up; the name of a variable.
_LOOKUP: Final = LateBacktracking(rb"&?[A-Za-z_][\w.>:-]*[\[(]")
_OPENED: Final = LateBacktracking(rb"([\w>:-]+)[\[(]")
_VARIABLE_NAME: Final = LateBacktracking(rb"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
# A bootstrap token that happens to have no digit.
_BOOTSTRAP: Final = LateBacktracking(rb"[a-z0-9]{6}\.[a-z0-9]{16}")
_SHORT_WORD: Final = LateBacktracking(rb"[a-z]{2,8}")
# A word with digits for letters, as people write passwords: g00dbye7.
_DISGUISED: Final = LateBacktracking(
    rb"(?i)[a-z]+(?:[0-9]{1,4}[a-z]+){1,6}[0-9!?]{0,4}|(?:[a-z]+(?:[0-9][a-z]+)+[-_.]?){2}[0-9!?]{0,4}"
    # One part of several: rad1us-shared. The hashes of pods have no 0, 1 and 3.
    rb"|(?:[a-z]{2,}[-_.])?[a-z]{2,}[013][a-z]{2,}(?:[-_.][a-z0-9]{2,})?"
)
_TECHNICAL: Final = LateBacktracking(
    rb"(?i)(?:k[38]s|[osi]?auth2|o2|s3[-_]|ec2|i18n|l10n|ipv[46]|x509|base(?:64|32)|b64|p12|v[0-9]|http2?|e2e|sha[0-9]|md5|utf8"
    rb"|amd64|arm64|x86|us-|eu-|ap-|[a-z0-9]*2[a-z]+$)"
)
# What a report says about a password.
STATES: Final = frozenset(
    b"valid invalid expire lock unlock history expired missing empty unset set yes no on off ok failed wrong blank"
    b" enabled disabled"
    b" required optional"
    b" present absent found created deleted updated rotated unchanged changed configured hidden masked omitted stored"
    b" used unused refused denied refresh refreshed reset renewed renew verified unverified match matches validated"
    b" accepted redacted removed good bad correct provided supplied specified needed given"
    b" encrypted unknown pending active inactive revoked incorrect rejected accepted mismatch never always".split()
)
# What else a token or a key may be called without being told.
_KINDS_OF_VALUE: Final = frozenset(
    b"bearer basic digest default custom static dynamic random auto manual string json opaque oauth oidc saml access"
    b" header cookie query body file vault internal external global local example dummy sample loading fetching"
    b" checking success failure error allowed secret token tokens password username secrets generic kubelet expiring"
    b" unauthed readonly write read session service client server admin user opt test prod staging".split()
)
SENTENCE_WORDS: Final = frozenset(
    b"the and for with from not this that must cannot can was were are has have had but you your our their its does did"
    b" will would should could may invalid failed failure error denied wrong missing required empty expired unable"
    b" refused incorrect rejected supported allowed given found provided specified match mismatch authentication login"
    b" user access least characters long too short more than use used using set change changed need needs please see"
    b" after before when while because into over under only also never always all any connection request server".split()
)
_DIGIT: Final = LateBacktracking(rb"[0-9]")
_HEX: Final = LateBacktracking(rb"[0-9a-fA-F-]+")
_KEY_VALUE: Final = LateBacktracking(rb"[A-Za-z0-9+/_-]{20,}={0,2}")
# A sign or digit between letters, which words of a sentence do not have.
_SIGN_IN_WORD: Final = LateBacktracking(rb"[A-Za-z][#$%^&*+~0-9][A-Za-z]")


def is_sentence(text: bytes) -> bool:
    """Return whether one of several words is one that sentences have and passwords have not."""
    words = text.lower().split()
    return len(words) > 1 and bool(SENTENCE_WORDS.intersection(words)) and not _SIGN_IN_WORD.search(text)


def _is_word_of_code(inner: bytes) -> bool:
    """Return whether it is a placeholder, an expression, or the word for a state."""
    body = inner.rstrip(b",;)}]")
    if (opened := _OPENED.fullmatch(inner)) and (looks_generated(opened[1]) or is_disguised(opened[1])):
        # A password that ends in a bracket, no name of a function.
        return False
    if _LOOKUP.fullmatch(inner) or (_VARIABLE_NAME.fullmatch(body) and level_of(body.decode()) is not Level.NONE):
        return True
    if _PLACEHOLDER.fullmatch(body) or (body != inner and _PLACEHOLDER.fullmatch(inner)):
        return True
    return bool(_CODE.fullmatch(inner) and not _BOOTSTRAP.fullmatch(inner)) or inner.lower() in STATES


def is_no_secret(name: bytes, value: bytes) -> bool:
    """Return whether the value is plainly no secret: a placeholder, a path, the name of a Secret object."""
    inner = value.strip(_MARKS + b"\\")
    if len(inner) < _SHORTEST or not inner.strip(FILL):
        return True
    bracketed = inner[1:].partition(b">")[0] if inner.startswith(b"<") else b""
    if bracketed and (looks_generated(bracketed) or is_disguised(bracketed)):
        return False
    if _is_word_of_code(inner):
        return True
    if _SHORT_WORD.fullmatch(inner) and not is_password_name(name):
        told = len(inner) > _SHORTEST and level_of(name.decode("utf-8", "replace")) is Level.TELLING
        if not told or inner in _KINDS_OF_VALUE:
            return True
    return bool(
        _REFERRING_NAME.fullmatch(name)
        and _REFERENCE.fullmatch(inner)
        and not looks_random(inner)
        and not is_disguised(inner)
    )


def is_disguised(value: bytes) -> bool:
    """Return whether the value is a word with digits for some letters, as people choose them: s3cr3t-v4lue."""
    return (
        7 <= len(value) <= 24
        and bool(_DISGUISED.fullmatch(value))
        and not _TECHNICAL.match(value)
        and not _HEX.fullmatch(value)
    )


def is_secret_of(name: bytes, level: Level, value: bytes) -> bool:
    """Return whether the value assigned to this name is a secret."""
    return level is not Level.NONE and not is_no_secret(name, value) and (level is Level.TELLING or fits(level, value))


def fits(level: Level, value: bytes) -> bool:
    """Return whether the value looks as random as the value of such a name has to."""
    if level is Level.FAINT:
        # Digests are hexadecimal, names of objects have few digits.
        is_lower = len(value) >= 32 and not _HEX.fullmatch(value) and len(_DIGIT.findall(value)) * 5 > len(value)
        return bool(_KEY_VALUE.fullmatch(value[:400]) and (is_lower or looks_mixed(value)))
    return looks_random(value)


# --- how much a value looks like a secret ---------------------------------------------------------------------------
class Look(IntEnum):
    """How much a value looks like a secret."""

    # A placeholder, a reference, a path, a state.
    HARMLESS = 0
    # A word, a short number or the name of an object.
    WORD = 1
    # Signs, digits or capitals where words have none.
    CHOSEN = 2
    GENERATED = 3


_UUID: Final = LateBacktracking(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONG_HEX: Final = LateBacktracking(rb"(?i)[0-9a-f]{16,}")
# Letters with a digit among or after them; a capital after a small letter or a hyphen; a sign between characters.
_CHOSEN: Final = LateBacktracking(rb"[A-Za-z][\w!@#$%^&*()+=?~.-]*[0-9][\w!@#$%^&*+=?~-]*")
_INNER_CAPITAL: Final = LateBacktracking(rb"[a-z]{2,}[A-Z][A-Za-z]+|[A-Za-z]+-[A-Z][a-z]+|[a-z]+-[A-Z][A-Za-z]*")
_INNER_SIGN: Final = LateBacktracking(rb"[A-Za-z0-9]+[!@#$%^&*+?~][A-Za-z0-9!@#$%^&*+?~._-]*[A-Za-z0-9!#$%^&*+?~]")
# What is said of a password: base64-encoded. The names of products.
_ABOUT: Final = LateBacktracking(
    rb"(?i)\w+-(?:\w+ed|only|safe|like|free|based)|1password|test\w+|oauth2?\w*|utf-?8|sha[0-9]+\w*"
)
_PIN: Final = LateBacktracking(rb"[0-9]{6,12}")
_LETTERS_AND_DIGITS: Final = LateBacktracking(rb"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_.+/=-]{10,}")
_OBJECT_NAME: Final = LateBacktracking(rb"[a-z0-9]+(?:[-.:/][a-z0-9]+)+")
_SHORTEST_CHOSEN: Final = 6


def look_of(name: bytes, value: bytes) -> Look:
    """Return how much the value of this name looks like a secret."""
    text = value[:200]
    if is_no_secret(name, text):
        return Look.HARMLESS
    if looks_random(text) or _UUID.fullmatch(text) or _LONG_HEX.fullmatch(text):
        return Look.GENERATED
    if is_ordinary(text):
        return Look.WORD
    if is_disguised(text) or _is_chosen(text, is_password=is_password_name(name)):
        return Look.CHOSEN
    return Look.WORD


def _is_chosen(text: bytes, *, is_password: bool) -> bool:
    if not is_password:
        # Names of objects end with letters and digits as well: default-token-x8s2k.
        return bool(_LETTERS_AND_DIGITS.fullmatch(text) and not _OBJECT_NAME.fullmatch(text))
    if _ABOUT.fullmatch(text):
        return False
    return len(text) >= _SHORTEST_CHOSEN and any(
        pattern.fullmatch(text) for pattern in (_CHOSEN, _INNER_CAPITAL, _INNER_SIGN, _PIN)
    )
