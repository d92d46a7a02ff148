"""Checks the vectors with an implementation of docs/binding.md that shares nothing with the component's.

Usage: python3 check.py [FILE]. Prints how many vectors agree and which do not; exits with 1 if one does not.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import sys

ID = "[a-z0-9]"
KEY = re.compile(rf"itsm-key\.({ID}{{1,16}})\.((?:[0-9a-f]{{2}}){{32,64}})")
OPERATION_ID = re.compile(rf"{ID}{{1,32}}")
CALLBACK_URL = re.compile(r"[\x20-\x7e]{1,2048}")
VALUE = re.compile(rf"v1\.({ID}{{1,16}})\.({ID}{{1,32}})\.(0|[1-9][0-9]*)\.([0-9a-f]{{64}})")


def mac(key_bytes, parts):
    message = b"".join(len(part).to_bytes(4, "big") + part.encode("ascii") for part in parts)
    return hmac.new(key_bytes, message, hashlib.sha256).digest()


def read_key(text):
    """The id and the bytes of a key, or None."""
    parts = KEY.fullmatch(text)
    return (parts[1], bytes.fromhex(parts[2])) if parts else None


def header_mac(key_bytes, key_id, operation_id, expiry, callback_url):
    return mac(key_bytes, ["v1", key_id, operation_id, expiry, callback_url])


def tag(key_bytes, operation_id):
    return base64.b32encode(mac(key_bytes, ["tag", operation_id])[:16]).decode().rstrip("=").lower()


def bind(given):
    """What of an entry of `made` or `not_made` is to be compared."""
    key = read_key(given["key"])
    if not key:
        return {"wrong": "the key"}
    if not OPERATION_ID.fullmatch(given["operation_id"]):
        return {"wrong": "the operation id"}
    if not CALLBACK_URL.fullmatch(given["callback_url"]):
        return {"wrong": "the callback address"}
    key_id, key_bytes = key
    claims = given["operation_id"], given["expires_s"]
    digits = header_mac(key_bytes, key_id, *claims, given["callback_url"]).hex()
    return {"header": ".".join(["v1", key_id, *claims, digits]), "tag": tag(key_bytes, given["operation_id"])}


def check(given):
    """What of an entry of `checks` is to be compared."""
    keys = [read_key(text) for text in given["keys"]]
    if None in keys:
        return {"result": "invalid-key", "place": keys.index(None)}
    values = [value for name, value in given["headers"] if is_header(name)]
    if not values:
        return {"result": "absent"}
    if len(values) > 1 or not CALLBACK_URL.fullmatch(given["callback_url"]):
        return {"result": "malformed"}
    parts = VALUE.fullmatch(values[0])
    if not parts or int(parts[3]) >= 2**64:
        return {"result": "malformed"}
    key_id, operation_id, expiry, digits = parts.groups()
    candidates = [key_bytes for known_id, key_bytes in keys if known_id == key_id]
    genuine = None
    for key_bytes in candidates or [bytes(32)]:
        expected = header_mac(key_bytes, key_id, operation_id, expiry, given["callback_url"])
        if hmac.compare_digest(expected, bytes.fromhex(digits)):
            genuine = key_bytes
    if not candidates:
        return {"result": "unknown-key"}
    if genuine is None:
        return {"result": "forged"}
    claims = {"operation_id": operation_id, "expires_s": expiry}
    if int(given["now_s"]) >= int(expiry):
        return {"result": "expired", **claims}
    return {"result": "bound", **claims, "tag": tag(genuine, operation_id)}


def is_header(name):
    """Without regard to the case of ASCII letters: bytes.lower() leaves all others as they are."""
    return name.encode().lower() == b"x-itsm-binding"


def main():
    default = pathlib.Path(__file__).with_name("binding.json")
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    vectors = json.loads(path.read_text(encoding="utf-8"))
    agree, wrong = 0, []
    for kind, found_by in [("made", bind), ("not_made", bind), ("checks", check)]:
        for vector in vectors[kind]:
            found = found_by(vector)
            given = {"name", "key", "keys", "headers", "callback_url", "now_s"}
            given |= set() if kind == "checks" else {"operation_id", "expires_s"}
            expected = {member: value for member, value in vector.items() if member not in given}
            if found == expected:
                agree += 1
            else:
                wrong.append(f"{kind}: {vector['name']}")
    print(f"{agree} vectors agree, {len(wrong)} do not: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
