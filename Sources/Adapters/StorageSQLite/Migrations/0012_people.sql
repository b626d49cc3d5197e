-- Who has an open review: what somebody has is read from here, however many reviews are open.
-- `until` is when a claim ends; an assignment has no end.
CREATE TABLE review_people (
    review BLOB NOT NULL,
    person TEXT NOT NULL,
    until INTEGER NOT NULL,
    decision TEXT NOT NULL,
    PRIMARY KEY (review, person)
) WITHOUT ROWID;

CREATE INDEX review_people_person ON review_people (person, until, decision);

INSERT INTO review_people
SELECT id, person, max(until), lower(
    substr(hex(decision), 1, 8) || '-' || substr(hex(decision), 9, 4) || '-'
    || substr(hex(decision), 13, 4) || '-' || substr(hex(decision), 17, 4) || '-'
    || substr(hex(decision), 21)
)
FROM (
    SELECT r.id, r.decision, json_extract(s.value, '$.person') AS person,
        json_extract(s.value, '$.lease_until') AS until
    FROM reviews r, json_each(CAST(r.body AS TEXT), '$.seats') s
    WHERE r.state = 'open' AND json_extract(s.value, '$.approved') IS NULL
    UNION ALL
    SELECT id, decision, json_extract(CAST(body AS TEXT), '$.assignee'), 9223372036854775807
    FROM reviews
    WHERE state = 'open'
)
WHERE person IS NOT NULL
GROUP BY id, person;
