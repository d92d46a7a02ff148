"""Checks binding.json with Python's hmac alone: an implementation that shares nothing with the component's.

Usage: python3 check.py [FILE]. Prints how many vectors agree; exits with 1 if one does not.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys


def mac(digits, parts):
    """HMAC-SHA256 over parts, each preceded by its length."""
    message = b"".join(len(part).to_bytes(4, "big") + part.encode("ascii") for part in parts)
    return hmac.new(bytes.fromhex(digits), message, hashlib.sha256).digest()


def binding(key, operation_id, expires_s, callback_url):
    """The header's value and the tag, as src/domain/binding.rs describes them."""
    prefix, key_id, digits = key.split(".")
    assert prefix == "itsm-key"
    parts = ["v1", key_id, operation_id, str(expires_s), callback_url]
    tag = base64.b32encode(mac(digits, ["tag", operation_id])[:16])
    return ".".join(parts[:4] + [mac(digits, parts).hex()]), tag.decode().rstrip("=").lower()


def main():
    default = pathlib.Path(__file__).with_name("binding.json")
    vectors = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default).read_text())
    wrong = [
        vector["name"]
        for vector in vectors
        if binding(vector["key"], vector["operation_id"], vector["expires_s"], vector["callback_url"])
        != (vector["header"], vector["tag"])
    ]
    print(f"{len(vectors) - len(wrong)} vectors agree, {len(wrong)} do not: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
