"""Where webhooks may go, by the letters of an address and by its numbers."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import OperatorMustAct
from connectors.webhooks.addresses import check_host, may_connect, origin, target, without_address


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://lms.example.com", ("https", "lms.example.com", 443, "/")),
        ("http://lms.example.com/a?b=c", ("http", "lms.example.com", 80, "/a?b=c")),
        ("https://LMS.example.com:8443/a", ("https", "lms.example.com", 8443, "/a")),
        ("https://[2001:db8::1]:443/", ("https", "2001:db8::1", 443, "/")),
    ],
)
def test_an_address_is_read(url: str, parts: tuple[str, str, int, str]) -> None:
    assert target(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lms.example.com/hook",
        "ftp://lms.example.com",
        "file:///etc/passwd",
        "gopher://lms.example.com",
        "https://",
        "https:///hook",
        "https://user:secret@lms.example.com/",
        "https://lms.example.com/#part",
        "https://lms.example.com:22/",
        "https://lms.example.com:0/",
        "https://lms.example.com:99999/",
        "https://lms.example.com:x/",
        "https://[::1/",
        "https://lms.example.com/a b",
        "https://lms.example.com/\r\nhost: other",
        "https://lms.example.com/\x00",
        "https://bücher.example.com/",
        "https://lms.example.com/" + "a" * 2000,
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(OperatorMustAct) as refused:
        target(url)
    assert refused.value.code == "webhook-url-invalid"
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://lms.example.com/services/T0/B0/x", "https://lms.example.com/…"),
        ("http://lms.example.com?token=x", "http://lms.example.com/…"),
        ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/…"),
    ],
)
def test_what_follows_the_host_is_not_told(url: str, told: str) -> None:
    assert origin(url) == told


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Cannot POST /services/T0/B0/x", "Cannot POST …"),
        ("no /services/T0/B0/x?key=s%C3%A9cret&n=1 here", "no … here"),
        ("key <b>s%C3%A9cret</b> or sécret?", "key <b>…</b> or …?"),
        ("oops at /", "oops at /"),
    ],
)
def test_what_a_receiver_says_back_of_its_address_is_left_out(said: str, kept: str) -> None:
    assert without_address(said, "https://lms.example.com/services/T0/B0/x?key=s%C3%A9cret&n=1") == kept


FORBIDDEN = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fd00:ec2::254",
    "fec0::1",
    "3fff::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "2002:7f00:1::",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::7f00:1",
]


@pytest.mark.parametrize("number", FORBIDDEN)
def test_numbers_that_are_not_public_are_refused(number: str) -> None:
    assert not may_connect(ip_address(number), [])
    with pytest.raises(OperatorMustAct) as refused:
        check_host(number, [])
    assert refused.value.code == "webhook-address-refused"


@pytest.mark.parametrize("number", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_numbers_are_taken(number: str) -> None:
    assert may_connect(ip_address(number), [])


def test_allowed_networks_are_taken_and_nothing_beside_them() -> None:
    allowed = [ip_network("10.1.0.0/16"), ip_network("fd00::/64")]
    assert may_connect(ip_address("10.1.2.3"), allowed)
    assert may_connect(ip_address("::ffff:10.1.2.3"), allowed)
    assert may_connect(ip_address("fd00::1"), allowed)
    assert not may_connect(ip_address("10.2.0.1"), allowed)


@given(
    st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16"]), st.data()
)
def test_no_private_number_is_public_however_it_is_written(network: str, data: st.DataObject) -> None:
    inside = ip_network(network)
    number = int(inside.network_address) + data.draw(st.integers(0, inside.num_addresses - 1))
    address = ip_address(number)
    for written in (address, ip_address(f"::ffff:{address}"), ip_address(int(ip_address("64:ff9b::")) + number)):
        assert not may_connect(written, [])
