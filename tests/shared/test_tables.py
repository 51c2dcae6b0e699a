"""The SQLModel tables are the migrated ones: same columns, same types, same nullability; and rows go round."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Engine, make_url
from sqlmodel import Session, SQLModel, create_engine

from shared.tables.access import ApiClient, SignInLink

TABLES: list[type[SQLModel]] = [ApiClient, SignInLink]


def _engine(database_url: str) -> Engine:
    return create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__tablename__)
def test_a_model_is_its_migrated_table(model: type[SQLModel], empty: str) -> None:
    table = SQLModel.metadata.tables[f"ledger.{model.__tablename__}"]
    engine = _engine(empty)
    migrated = {column["name"]: column for column in inspect(engine).get_columns(table.name, schema=table.schema)}
    engine.dispose()
    assert set(table.columns.keys()) == migrated.keys()
    dialect = postgresql.dialect()
    for name, column in table.columns.items():
        wanted = column.type.compile(dialect).replace("VARCHAR", "TEXT")
        assert migrated[name]["type"].compile(dialect) == wanted, name
        assert migrated[name]["nullable"] == column.nullable, name


def test_a_client_goes_round(database_url: str) -> None:
    engine = _engine(database_url)
    with Session(engine) as session:
        session.add(ApiClient(client_id="c", secret_hash="h", kind="school", schools=["3101150001", "3101150002"]))
        session.commit()
    with Session(engine) as session:
        client = session.get_one(ApiClient, "c")
        assert client.schools == ["3101150001", "3101150002"]
        assert client.created_at is not None
        assert abs(client.created_at - datetime.now(UTC)).total_seconds() < 3600
        assert client.revoked_at is None
    engine.dispose()
