import pytest

from headway.cli.addresses import local_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("fd00::1", "http://[fd00::1]:80"),
        ("box.example", "http://box.example:80"),
    ],
)
def test_a_client_on_this_machine_is_sent_to_an_address_that_it_reaches(host, url):
    assert local_url(host, 80) == url
