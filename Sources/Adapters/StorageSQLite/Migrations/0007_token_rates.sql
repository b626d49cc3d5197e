-- How often a token may ask, as it is written: 100/s or 6000/m:200.
ALTER TABLE tokens ADD COLUMN rate TEXT;

-- The oldest of each queue, which is looked for with each scrape of the metrics.
CREATE INDEX reviews_queue ON reviews (queue, id) WHERE state = 'open';
