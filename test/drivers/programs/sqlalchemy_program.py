"""SQLAlchemy over psycopg 3, psycopg2, asyncpg's peer pg8000: reflection, ORM units of work, streaming."""
import os

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

MODE = os.environ['MODE']


def say(label, *values):
    print(label, *(repr(v) for v in values), flush=True)


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = 'orm_notes'
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


def run(driver):
    e = os.environ
    url = sa.URL.create(f'postgresql+{driver}', e['PGUSER'], e['PGPASSWORD'], e['PGHOST'], int(e['PGPORT']), e['PGDATABASE'])
    arguments = {}
    if driver == 'pg8000' and e['PGSSLMODE'] == 'require':
        import ssl
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        arguments['ssl_context'] = context
    engine = sa.create_engine(url, connect_args=arguments)
    if MODE == 'masked':
        with engine.connect() as conn:
            say(driver, conn.execute(sa.text('select id, email from people order by id')).all())
            for table in ('doomed', 'doomed_too'):
                try:
                    say(driver, conn.execute(sa.text(f'delete from {table}')).rowcount)
                    conn.commit()
                except sa.exc.DBAPIError as error:
                    say(driver, 'refused', getattr(error.orig, 'sqlstate', None) or getattr(error.orig, 'pgcode', None))
                    conn.rollback()
            say(driver, conn.execute(sa.text('select 1')).scalar())
        return
    meta = sa.MetaData()
    meta.reflect(engine, only=['things', 'scratch'])
    say(driver, 'reflected', {t: [(c.name, str(c.type)) for c in meta.tables[t].columns] for t in sorted(meta.tables)})
    inspector = sa.inspect(engine)
    say(driver, sorted(inspector.get_table_names()), inspector.get_pk_constraint('things'), inspector.get_indexes('things'), inspector.get_foreign_keys('things'), inspector.get_view_names())
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Note(text=f'note {i}') for i in range(5)])
        session.commit()
        note = session.scalars(sa.select(Note).where(Note.text == 'note 3')).one()
        note.text = 'changed'
        session.flush()
        session.rollback()
        say(driver, [n.text for n in session.scalars(sa.select(Note).order_by(Note.id))])
        with session.begin_nested():
            session.add(Note(text='nested'))
        session.commit()
        session.execute(sa.insert(Note), [{'text': f'bulk {i}'} for i in range(3)])
        session.commit()
        say(driver, session.scalar(sa.select(sa.func.count()).select_from(Note)))
    things = meta.tables['things']
    with engine.connect() as conn:
        say(driver, conn.execute(sa.select(things).order_by(things.c.id)).all())
        say(driver, [r[0] for r in conn.execution_options(stream_results=True, yield_per=3).execute(sa.text('select i from generate_series(1, 10) i'))])
    with engine.connect() as conn:
        try:
            conn.execute(sa.text('select 1/0'))
        except sa.exc.DBAPIError as error:
            say(driver, type(error).__name__)
        conn.rollback()
        say(driver, conn.execute(sa.text('select 1')).scalar())
    with engine.connect().execution_options(isolation_level='SERIALIZABLE') as conn:
        say(driver, conn.execute(sa.text('show transaction_isolation')).scalar())
    Base.metadata.drop_all(engine)
    engine.dispose()


for name in ('psycopg', 'psycopg2', 'pg8000'):
    if MODE == 'masked' and name != 'psycopg2':
        continue
    run(name)
