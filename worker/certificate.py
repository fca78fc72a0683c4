"""The end of the NetSuite login's certificate, as far as this program can know it."""

from datetime import datetime
from pathlib import Path

from cryptography import x509


def ends(key_file: Path) -> datetime | None:
    """When the certificate ends, aware UTC; None unless it is kept in the same file as its private key."""
    try:
        return min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(key_file.read_bytes()))
    except (OSError, ValueError):
        return None
