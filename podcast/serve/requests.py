"""What an endpoint finds in a request."""

from __future__ import annotations

from fastapi import Request

from podcast.serve.board import Board
from podcast.serve.service import Service


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def board_of(request: Request) -> Board:
    board: Board = request.app.state.board
    return board


def client_of(request: Request) -> str:
    return request.client.host if request.client else "local"
