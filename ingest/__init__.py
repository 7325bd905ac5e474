"""Ingestion: from a folder of documents to a generation of the index."""
