"""The same work on many machines: Celery on RabbitMQ carries it, the ledger knows it.

    podcast make --cluster ──▶ ledger ◀── podcast jobs
            │                    ▲
            ▼                    │ what was asked, spoken, made
         broker ──▶ podcast worker: plan ─▶ speak, speak, speak ─▶ assemble ─▶ publish
                                 │
                                 ▼ clips, episodes: a folder they share, or a bucket

Ledger and clip cache are the truth; the broker only says who may be at what now, and can be lost whole: `sweeper`
asks again for what stalled.  Every step may run twice, at the same time as itself, or be killed at any instant.

    schema.py     the tables, for SQLite and PostgreSQL
    base.py       its rows, and transactions that wait; requests.py: what those see who ask
    ledger.py     the whole of it, one transaction a method
    places.py     where episodes are made and published: a folder or a bucket
    clips.py      the clip cache in a bucket
    steps.py      what is done with a job; sweeper.py: what stalled.  They know nothing of Celery
    messages.py   what steps ask for
    app.py        queues and settings; tasks.py: steps as tasks; worker.py: the program; submit.py: the other end
"""
