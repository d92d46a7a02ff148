"""Checks binding.json with Python's hmac alone: an implementation that shares nothing with the component's.

Usage: python3 check.py [FILE]. Prints how many vectors agree; exits with 1 if one does not.
"""

import hashlib
import hmac
import json
import pathlib
import sys


def header(key, operation_id, expires_at, callback_url):
    """The header's value, as src/core/binding.rs describes it."""
    prefix, key_id, digits = key.split(".")
    assert prefix == "itsm-key"
    parts = ["v1", key_id, operation_id, str(expires_at), callback_url]
    message = b"".join(len(part).to_bytes(4, "big") + part.encode("ascii") for part in parts)
    mac = hmac.new(bytes.fromhex(digits), message, hashlib.sha256).hexdigest()
    return ".".join(parts[:4] + [mac])


def main():
    default = pathlib.Path(__file__).with_name("binding.json")
    vectors = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default).read_text())
    wrong = [
        vector["name"]
        for vector in vectors
        if header(vector["key"], vector["operation_id"], vector["expires_at"], vector["callback_url"])
        != vector["header"]
    ]
    print(f"{len(vectors) - len(wrong)} vectors agree, {len(wrong)} do not: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
