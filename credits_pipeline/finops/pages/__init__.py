"""The pages of wing two: Streamlit over one published version, and the store of decisions.

They import no Dagster; long work is started through Dagster's GraphQL.
"""
