"""The bills that are read: which provider delivers them, where, and whether that works."""

from credits_pipeline.finops.sources.book import SourceBook, configured_sources
from credits_pipeline.finops.sources.source import KIND, Provider, Source, SourceError

__all__ = ["KIND", "Provider", "Source", "SourceBook", "SourceError", "configured_sources"]
