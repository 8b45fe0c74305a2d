-- Number and content of each publication that the snapshot attached as `snapshot` knows of, that of itself left out.
select distinct
    version,
    fingerprint
from snapshot.audit.publication
where action = 'publish'
