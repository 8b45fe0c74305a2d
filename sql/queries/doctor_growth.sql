-- How fast the published file grows: bytes a day between the first and the last publication of the last 30 days; NULL
-- where they lie less than a day apart, since nothing can be said then.
select
    case
        when max(published_at) - min(published_at) >= interval 1 day
            then
                (max_by(size_bytes, published_at) - min_by(size_bytes, published_at))
                / (epoch(max(published_at) - min(published_at)) / 86400)
    end as bytes_a_day,
    max_by(size_bytes, published_at) as size_bytes,
    count(*) as publications
from audit.publication
where action = 'publish' and published_at >= (
    select max(published_at) - interval 30 days
    from audit.publication
)
