import pytest

from headway.core.entry import AllowedOrigins, InvalidOriginError, Provenance, refusal

NONE = AllowedOrigins()
APP = AllowedOrigins.of(["https://app.example", "http://LOCALHOST:3000/"])
ALL = AllowedOrigins.of(["*"])
VISIT = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def comes_in(allowed=NONE, takes_visits=False, has_name=True, **headers):
    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    denial = refusal(Provenance.of(pairs), allowed, takes_visits=takes_visits, has_name=has_name)
    assert denial is None or (denial.status, denial.code) == (403, "foreign_page")
    return denial is None


@pytest.mark.parametrize(
    "host",
    [
        *(
            "localhost",
            "localhost:8080",
            "LocalHost.",
            "models.localhost:8080",
            "127.0.0.1:8080",
            "127.8.8.8",
        ),
        *("[::1]:8080", "[::1]", "[fe80::1%eth0]:8080", "10.0.0.7", "10.0.0.7:", "192.168.1.5:8080"),
    ],
)
def test_this_machine_is_called_by_an_address_or_localhost(host):
    assert comes_in(host=host)
    assert comes_in(host=host, origin=f"http://{host.lower()}", sec_fetch_site="same-origin")


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "xlocalhost",
        ),
        *(
            "",
            "[::1",
            "::1",
            "localhost:80a",
            "localhost:8080:1",
            "me@localhost",
            "0.0.0.0:8080",
            "[::]",
            "127.0.0.1/",
        ),
        *("[evil.example]", "localhost, evil.example", "256.1.1.1", "\xe9.example"),
    ],
)
def test_any_other_name_may_have_been_made_to_mean_it(host):
    assert not comes_in(host=host)
    assert not comes_in(ALL, host=host)
    assert not comes_in(host=host, origin=f"http://{host}")
    assert comes_in(host=host, has_name=False), "no name leads to a Unix socket"


def test_of_several_names_each_must_do():
    pairs = [(b"host", b"localhost"), (b"host", b"evil.example")]
    assert refusal(Provenance.of(pairs), NONE) is not None
    assert refusal(Provenance.of(pairs[::-1]), NONE) is not None


def test_programs_say_nothing_of_a_page():
    assert comes_in()
    assert comes_in(host="localhost:8080")


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "https://evil.example",
            "null",
            "",
            "http://localhost:3000",
            "https://localhost:8080",
            "http://localhost",
        ),
        *("http://127.0.0.1:8080", "http://localhost:8080.evil.example", "file://", "chrome-extension://abc"),
    ],
)
@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", None])
def test_a_page_of_another_origin_stays_out(origin, site):
    told = {} if site is None else {"sec_fetch_site": site}
    assert not comes_in(host="localhost:8080", origin=origin, **told)
    assert comes_in(ALL, host="localhost:8080", origin=origin, **told)


def test_of_several_origins_each_must_do():
    pairs = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"origin", b"https://evil.example")]
    assert refusal(Provenance.of(pairs), NONE) is not None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something-new"])
def test_what_a_page_of_another_site_asks_for_without_saying_its_origin_stays_out(site):
    assert not comes_in(host="localhost", sec_fetch_site=site)
    assert not comes_in(APP, host="localhost", sec_fetch_site=site)
    assert not comes_in(host="localhost", origin="http://localhost", sec_fetch_site=site)
    assert comes_in(ALL, host="localhost", sec_fetch_site=site)


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_the_user_or_an_own_page_asks_for_comes_in(site):
    assert comes_in(host="localhost", sec_fetch_site=site)


def test_a_link_may_lead_to_the_console_but_no_frame_and_no_script():
    visit = {"host": "localhost", "sec_fetch_site": "cross-site", **VISIT}
    assert comes_in(takes_visits=True, **visit)
    assert not comes_in(**visit)
    assert not comes_in(takes_visits=True, **{**visit, "sec-fetch-dest": "iframe"})
    assert not comes_in(takes_visits=True, **{**visit, "sec-fetch-mode": "no-cors"})
    assert not comes_in(takes_visits=True, **{**visit, "host": "evil.example"})


def test_an_allowed_origin_is_not_foreign_however_it_is_written():
    for origin in ("https://app.example", "https://APP.example:443", "http://localhost:3000"):
        assert comes_in(APP, host="localhost:8080", origin=origin, sec_fetch_site="cross-site")
    for origin in (
        "http://app.example",
        "https://app.example:444",
        "https://app.example.evil.example",
        "null",
    ):
        assert not comes_in(APP, host="localhost:8080", origin=origin)
    assert comes_in(APP, host="app.example"), "a proxy before Headway has that name"


@pytest.mark.parametrize(
    "stated",
    ["app.example", "https://app.example/path", "https://a b", "null", "", "https://*.example", "a,b"],
)
def test_what_is_no_origin_is_no_setting(stated):
    with pytest.raises(InvalidOriginError):
        AllowedOrigins.of([stated])


def test_there_are_allowed_origins_or_there_are_none():
    assert not NONE
    assert APP
    assert comes_in(APP, host="localhost", accept="*/*")
