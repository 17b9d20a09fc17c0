"""Where databases and tables are found; every source speaks the same small protocol."""

from larkbase_sdk.catalog.bases import BasesCatalog
from larkbase_sdk.catalog.catalog import Catalog, CatalogDatabase, CatalogTable

__all__ = ["BasesCatalog", "Catalog", "CatalogDatabase", "CatalogTable"]
