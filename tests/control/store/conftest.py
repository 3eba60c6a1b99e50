import os

import pytest

from control.store.postgresql_server import PostgresqlServer, installed_programs, why_not
from control.store.stored import ECHO, KEY, PRODUCTION, SECRET, deployment
from headway.control.store.store import Store


@pytest.fixture(scope="session")
def postgresql():
    if reason := why_not():
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    server = PostgresqlServer(installed_programs())
    try:
        server.start()
        yield server
        server.stop()
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'headway.db'}"
    return request.getfixturevalue("postgresql").empty_database()


@pytest.fixture
def open_store(url):
    """Opens another store on the same database."""
    stores = []

    def another():
        stores.append(Store(url))
        return stores[-1]

    yield another
    for store in stores:
        store.close()


@pytest.fixture
def store(open_store):
    store = open_store()
    store.migrate()
    return store


@pytest.fixture
def filled(store):
    store.add_model(ECHO)
    store.save_deployment(deployment())
    store.save_environment(PRODUCTION)
    store.add_key(KEY)
    store.save_secret(SECRET)
    return store
