"""Master -> Episode -> feed and pages.

The published folder is the database: feed and pages are made again from its episode.json files alone.
"""

from podcast.publish.directories import check_show
from podcast.publish.episode import source_name
from podcast.publish.files import exclusive
from podcast.publish.show import check_public, prepare_public, publish_show

__all__ = ["check_public", "check_show", "exclusive", "prepare_public", "publish_show", "source_name"]
