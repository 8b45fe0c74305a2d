-- Every document, for the details under a number.
select
    document.document_id,
    document.title,
    document.publisher,
    document.url,
    document.published_on
from core.document as document
