"""Episodes on demand: one server for site, feed, downloads, jobs and live audio.

    request --app--> api, live, pages, files          the web: nothing else imports an ASGI framework
                       |
                    Service --> Board --> jobs.sqlite3    what was accepted, on disk before it is answered
                       |
                    Makers --> Worker ==pipe==> studio    a process that stays warm and makes one episode at a time

The server's own process never reads a digest nor makes audio: whatever a digest does, its listeners go on.
"""
