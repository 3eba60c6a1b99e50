"""The way of a database from schema to schema."""

import shutil
import subprocess
import sys
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from control.store.stored import ECHO, PRODUCTION, decision, deployment
from headway.control.store.database import Database
from headway.control.store.failures import StoreError
from headway.control.store.rows import Asked, PointRow, StoredState
from headway.control.store.schema import MIGRATIONS, migrate
from headway.control.store.store import Store
from headway.control.store.tables import metadata
from headway.observed.records import Outcome, RequestRecord

FIRST_ROWS = """
INSERT INTO models (name, created_at) VALUES ('echo', 1700000000.25);
INSERT INTO deployments (deployment_id, model, name, created_at, source, digest, settings, declared, version, is_active,
    failure, is_retired) VALUES ('d1', 'echo', 'first', 1700000001.0, '/data/snapshots/ab12', 'ab12',
    '{"concurrency_target": 2, "queue_timeout": 0.5, "rollout": "surge", "retry": false}', '{}', 1, true, '', false);
INSERT INTO environments (model, name, deployment_id, created_at) VALUES ('echo', 'production', 'd1', 1700000002.0);
INSERT INTO decisions (deployment_id, at, desired, reason, inputs)
    VALUES ('d1', 5.0, 1, 'want 1', '{"mean_demand": 0.5, "ready": 1}')
"""
"""As a Headway of the first schema left them."""

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{newest}"

def upgrade():
    {upgrade}
"""


@pytest.fixture
def database(url):
    with closing(Database(url)) as database:
        yield database


@pytest.fixture
def first(tmp_path):
    """The steps as they were when there was but one."""
    folder = tmp_path / "first"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__", "r000[!1]*", "r00[!0]*"))
    return folder


@pytest.fixture
def with_next(tmp_path):
    """The steps with one that only a newer Headway has."""

    def write(upgrade):
        folder = tmp_path / "newer"
        shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        newest = max(path.name[1:5] for path in MIGRATIONS.glob("versions/r*.py"))
        (folder / "versions" / "r9001_next.py").write_text(NEXT.format(newest=newest, upgrade=upgrade))
        return folder

    return write


def differences(database):
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, metadata)


def test_the_steps_lead_to_the_tables(database):
    migrate(database)
    assert differences(database) == []


def test_a_difference_between_steps_and_tables_would_be_found(database, with_next):
    step = 'op.add_column("models", sa.Column("more", sa.Integer)); op.drop_index("ix_deployments_model")'
    migrate(database, with_next(step))
    assert sorted(difference[0] for difference in differences(database)) == ["add_index", "remove_column"]


def test_each_step_follows_the_one_before():
    names = sorted(path.name for path in MIGRATIONS.glob("versions/r*.py"))
    numbers = [f"{number:04}" for number in range(1, len(names) + 1)]
    assert [name[1:5] for name in names] == numbers
    steps = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    assert [step.revision for step in steps] == numbers[::-1]


def test_a_database_of_the_first_schema_keeps_its_rows(database, first, url):
    migrate(database, first)
    with database.writing() as connection:
        for statement in FIRST_ROWS.split(";"):
            connection.exec_driver_sql(statement)
    with closing(Store(url)) as store:
        store.migrate()
        assert store.load() == StoredState((ECHO,), (deployment(),), (PRODUCTION,), (), ())
        assert store.decisions("d1") == (decision(5.0),)


def test_a_database_without_requests_keeps_its_points_and_takes_requests(database, tmp_path, url):
    second = tmp_path / "second"
    shutil.copytree(
        MIGRATIONS, second, ignore=shutil.ignore_patterns("__pycache__", "r000[!12]*", "r00[!0]*")
    )
    migrate(database, second)
    point = PointRow("d1", 30, 60.0, {"queued": 1})
    with closing(Store(url)) as store:
        store.add_model(ECHO)
        store.save_deployment(deployment())
        store.add_points([point], keep=10)
        store.migrate()
        record = RequestRecord("a-1", "d1", "echo", "echo-1", 5.0, 200, Outcome.FINISHED, 0.5)
        store.add_requests([record])
        assert store.points(0.0) == (point,)
        assert store.requests(Asked("d1", store.last_request()), 10).records == (record,)


@pytest.fixture
def decided(filled):
    filled.add_decisions([decision(1.0)])
    return filled


def test_migrating_again_changes_nothing(decided):
    before = decided.load()
    decided.migrate()
    assert decided.load() == before


@pytest.mark.usefixtures("decided")
def test_a_database_at_the_newest_schema_costs_no_import_of_alembic(url):
    program = "import sys; from headway.control.store.store import Store; Store(sys.argv[1]).migrate()"
    program += "; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program, url], check=False).returncode == 0


def test_a_migration_says_so_once(url, caplog):
    with closing(Store(url)) as store, caplog.at_level("INFO"):
        store.migrate()
        store.migrate()
    (line,) = caplog.messages
    assert "has schema 0" in line
    assert line.endswith("before: none")


def test_a_table_made_anew_takes_no_rows_of_others_with_it(decided, database, with_next):
    before = decided.load()
    step = """with op.batch_alter_table("models") as table:
        table.alter_column("created_at", nullable=True)
        table.add_column(sa.Column("more", sa.Integer, nullable=False, server_default="7"))"""
    migrate(database, with_next(step))
    with database.reading() as connection:
        assert connection.scalar(text("SELECT more FROM models")) == 7
        rest = connection.scalar(text("SELECT count(*) FROM deployments, environments, decisions"))
    assert rest == len(before.deployments) * len(before.environments)


def test_a_database_of_a_newer_headway_is_refused_and_left_alone(decided, database, with_next):
    migrate(database, with_next('op.add_column("models", sa.Column("more", sa.Integer))'))
    with pytest.raises(StoreError, match=r"has schema 9001.*a newer Headway has migrated it"):
        decided.migrate()
    with database.reading() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9001"


def test_a_step_that_fails_leaves_the_schema_as_it_was(decided, database, with_next):
    before = decided.load()
    step = 'op.drop_table("decisions"); op.execute("SELECT * FROM nowhere")'
    with pytest.raises(StoreError, match="nowhere"):
        migrate(database, with_next(step))
    assert differences(database) == []
    assert decided.load() == before
    assert decided.decisions("d1") == (decision(1.0),)


def test_a_step_that_breaks_a_reference_is_undone(decided, database, with_next):
    before = decided.load()
    step = "op.execute(\"UPDATE environments SET deployment_id = 'd9'\")"
    with pytest.raises(StoreError, match=r"broke a reference|not there any more"):
        migrate(database, with_next(step))
    assert decided.load() == before


AT_ONCE = """
import os, sys
import alembic.command, alembic.ddl, psycopg
from headway.control.store.database import Database
from headway.control.store.schema import migrate
children = []
for _ in range(4):
    children.append(os.fork())
    if children[-1] == 0:
        migrate(Database(sys.argv[1]))
        os._exit(0)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


def test_processes_may_migrate_one_database_at_once(url, database):
    assert subprocess.run([sys.executable, "-c", AT_ONCE, url], timeout=60, check=False).returncode == 0
    assert differences(database) == []


MIGRATING = """
import sys
from pathlib import Path
from headway.control.store.database import Database
from headway.control.store.schema import migrate
migrate(Database(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_process_killed_while_it_migrates_leaves_the_schema_as_it_was(decided, database, url, with_next):
    before = decided.load()
    step = """op.drop_table("decisions")
    import sys
    print("in the middle", flush=True)
    sys.stdin.read()"""
    command = [sys.executable, "-c", MIGRATING, url, with_next(step)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "in the middle\n"
        process.kill()
    decided.migrate()
    assert differences(database) == []
    assert decided.load() == before
