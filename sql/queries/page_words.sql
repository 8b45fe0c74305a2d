-- Every word that a column may hold, with its meaning.
select
    term.kind,
    term.term,
    term.meaning
from core.term as term
order by term.kind, term.term
