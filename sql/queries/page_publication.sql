-- What the snapshot is.
select
    publication.version,
    publication.refreshed_at::date as refreshed_on,
    publication.fingerprint
from meta.publication as publication
