-- Statements of the SQL that Athena and DuckDB share; {orders} and {customers} are the tables.
-- A statement with ORDER BY is compared row by row, the others as sets of rows.

-- equality of every type
SELECT no FROM {orders} WHERE no = 'A-0007';
SELECT no FROM {orders} WHERE amount = 250;
SELECT no FROM {orders} WHERE amount = 10.004;
SELECT no FROM {orders} WHERE amount = 0;
SELECT no FROM {orders} WHERE qty = 3;
SELECT no FROM {orders} WHERE price = 19.99;
SELECT no FROM {orders} WHERE done = 0.25;
SELECT no FROM {orders} WHERE rating = 4;
SELECT no FROM {orders} WHERE status = 'Open';
SELECT no FROM {orders} WHERE status = 'open';
SELECT no FROM {orders} WHERE status = 'No such option';
SELECT no FROM {orders} WHERE channel = '门店';
SELECT no FROM {orders} WHERE gift;
SELECT no FROM {orders} WHERE gift = true;
SELECT no FROM {orders} WHERE gift = false;
SELECT no FROM {orders} WHERE NOT gift;
SELECT no FROM {orders} WHERE phone = '+6281';
SELECT no FROM {orders} WHERE note = 'apple';
SELECT no FROM {orders} WHERE note = 'Apple';
SELECT no FROM {orders} WHERE note = '苹果';
SELECT no FROM {orders} WHERE note = 'it''s';
SELECT no FROM {orders} WHERE note = 'say "hi"';
SELECT no FROM {orders} WHERE note = ' padded ';
SELECT no FROM {orders} WHERE note = '';
SELECT no FROM {orders} WHERE net = 100;
SELECT no FROM {orders} WHERE day = TIMESTAMP '2025-01-31 17:00:00';
SELECT no FROM {orders} WHERE day = TIMESTAMP '2025-02-01 00:00:00';
SELECT no FROM {orders} WHERE 'Open' = status;

-- inequality, which is unknown for empty cells
SELECT no FROM {orders} WHERE status <> 'Open';
SELECT no FROM {orders} WHERE amount <> 250;
SELECT no FROM {orders} WHERE note <> 'apple';
SELECT no FROM {orders} WHERE gift <> true;
SELECT no FROM {orders} WHERE rating <> 4;
SELECT no FROM {orders} WHERE day <> TIMESTAMP '2025-01-31 17:00:00';
SELECT no FROM {orders} WHERE phone <> '+6281';
SELECT no FROM {orders} WHERE NOT (status = 'Open');
SELECT no FROM {orders} WHERE status IS DISTINCT FROM 'Open';
SELECT no FROM {orders} WHERE status IS NOT DISTINCT FROM 'Open';
SELECT no FROM {orders} WHERE amount IS DISTINCT FROM NULL;

-- ranges
SELECT no FROM {orders} WHERE amount > 4000;
SELECT no FROM {orders} WHERE amount >= 4000;
SELECT no FROM {orders} WHERE amount < 0;
SELECT no FROM {orders} WHERE amount <= 0;
SELECT no FROM {orders} WHERE amount > 10.004;
SELECT no FROM {orders} WHERE amount >= 10.004 AND amount < 10.01;
SELECT no FROM {orders} WHERE amount BETWEEN 100 AND 300;
SELECT no FROM {orders} WHERE amount NOT BETWEEN 100 AND 4900;
SELECT no FROM {orders} WHERE amount > 300 AND amount < 100;
SELECT no FROM {orders} WHERE amount > 1e15;
SELECT no FROM {orders} WHERE amount < -1e15;
SELECT no FROM {orders} WHERE qty > 2.5 AND qty < 3.5;
SELECT no FROM {orders} WHERE price >= 19.99;
SELECT no FROM {orders} WHERE done > 0.5;
SELECT no FROM {orders} WHERE rating > 3;
SELECT no FROM {orders} WHERE rating BETWEEN 2 AND 4;
SELECT no FROM {orders} WHERE rating > 100;
SELECT no FROM {orders} WHERE no >= 'A-0610';
SELECT no FROM {orders} WHERE no > 'A-0010' AND no <= 'A-0020';
SELECT no FROM {orders} WHERE note > 'a' AND note < 'b';
SELECT no FROM {orders} WHERE status > 'Open';
SELECT no FROM {orders} WHERE status BETWEEN 'O' AND 'Q';
SELECT no FROM {orders} WHERE net >= 4000;

-- days around midnight, in UTC and in the time zone of the base
SELECT no FROM {orders} WHERE day >= TIMESTAMP '2025-02-01 00:00:00';
SELECT no FROM {orders} WHERE day < TIMESTAMP '2025-02-01 00:00:00';
SELECT no FROM {orders} WHERE day > TIMESTAMP '2025-01-31 23:59:59.999';
SELECT no FROM {orders} WHERE day >= TIMESTAMP '2025-01-31 23:59:59.999';
SELECT no FROM {orders} WHERE day <= TIMESTAMP '2025-01-31 16:59:59.999';
SELECT no FROM {orders} WHERE day > TIMESTAMP '2025-01-31 16:59:59.999' AND day <= TIMESTAMP '2025-01-31 17:00:00';
SELECT no FROM {orders} WHERE day >= DATE '2025-02-01';
SELECT no FROM {orders} WHERE day = DATE '2025-02-01';
SELECT no FROM {orders} WHERE day BETWEEN DATE '2025-01-31' AND DATE '2025-02-01';
SELECT no FROM {orders} WHERE day >= TIMESTAMP '2025-01-01 00:00:00' AND day < TIMESTAMP '2025-02-01 00:00:00';
SELECT no FROM {orders} WHERE day < TIMESTAMP '1970-01-01 00:00:00';
SELECT no FROM {orders} WHERE day = TIMESTAMP '1970-01-01 00:00:00';
SELECT no FROM {orders} WHERE day > TIMESTAMP '2100-01-01 00:00:00';
SELECT no FROM {orders} WHERE day IN (TIMESTAMP '2025-01-31 17:00:00', TIMESTAMP '2025-02-01 00:00:00');
SELECT no FROM {orders} WHERE extract(YEAR FROM day) = 2025 AND extract(MONTH FROM day) = 1;
SELECT no FROM {orders} WHERE CAST(day AS date) = DATE '2025-01-31';
SELECT no FROM {orders} WHERE date_trunc('month', day) = TIMESTAMP '2025-02-01 00:00:00';

-- lists of values
SELECT no FROM {orders} WHERE status IN ('Open', 'Paid');
SELECT no FROM {orders} WHERE status IN ('Open');
SELECT no FROM {orders} WHERE status IN ('Open', 'No such option');
SELECT no FROM {orders} WHERE status NOT IN ('Open', 'Paid');
SELECT no FROM {orders} WHERE status IN ('Open', NULL);
SELECT no FROM {orders} WHERE status NOT IN ('Open', NULL);
SELECT no FROM {orders} WHERE amount IN (250, 10.004, 0);
SELECT no FROM {orders} WHERE rating IN (1, 5);
SELECT no FROM {orders} WHERE no IN ('A-0001', 'A-0500', 'A-0619', 'B-1');
SELECT no FROM {orders} WHERE no IN ('A-0001','A-0002','A-0003','A-0004','A-0005','A-0006','A-0007','A-0008','A-0009','A-0010','A-0011','A-0012','A-0013','A-0014','A-0015','A-0016','A-0017','A-0018','A-0019','A-0020','A-0021','A-0022','A-0023','A-0024','A-0025','A-0026','A-0027','A-0028','A-0029','A-0030','A-0031','A-0032','A-0033','A-0034','A-0035','A-0036','A-0037','A-0038','A-0039','A-0040','A-0041','A-0042','A-0043','A-0044','A-0045','A-0046','A-0047','A-0048','A-0049','A-0050','A-0051','A-0052');
SELECT no FROM {orders} WHERE channel IN ('门店', 'Web');
SELECT no FROM {orders} WHERE note IN ('apple', '苹果', 'it''s');

-- empty cells
SELECT no FROM {orders} WHERE status IS NULL;
SELECT no FROM {orders} WHERE status IS NOT NULL;
SELECT no FROM {orders} WHERE amount IS NULL;
SELECT no FROM {orders} WHERE amount IS NOT NULL;
SELECT no FROM {orders} WHERE rating IS NULL;
SELECT no FROM {orders} WHERE day IS NULL;
SELECT no FROM {orders} WHERE day IS NOT NULL;
SELECT no FROM {orders} WHERE note IS NULL;
SELECT no FROM {orders} WHERE note IS NOT NULL;
SELECT no FROM {orders} WHERE gift IS NULL;
SELECT no FROM {orders} WHERE gift IS NOT NULL;
SELECT no FROM {orders} WHERE phone IS NULL;
SELECT no FROM {orders} WHERE tags IS NULL;
SELECT no FROM {orders} WHERE site IS NOT NULL;
SELECT no FROM {orders} WHERE customer IS NULL;
SELECT no FROM {orders} WHERE net IS NULL;
SELECT no FROM {orders} WHERE coalesce(status, 'none') = 'none';
SELECT no FROM {orders} WHERE coalesce(amount, 0) = 0;
SELECT no FROM {orders} WHERE NULL;
SELECT no FROM {orders} WHERE amount = NULL;
SELECT no FROM {orders} WHERE amount <> NULL;
SELECT no FROM {orders} WHERE status = 'Open' OR status IS NULL;
SELECT no FROM {orders} WHERE status <> 'Open' OR status IS NULL;
SELECT no FROM {orders} WHERE amount > 4000 OR amount IS NULL;
SELECT no FROM {orders} WHERE day >= DATE '2025-02-01' OR day IS NULL;
SELECT no FROM {orders} WHERE NOT (amount > 100);
SELECT no FROM {orders} WHERE NOT (amount > 100 OR status = 'Open');
SELECT no FROM {orders} WHERE NOT (amount > 100 AND status = 'Open');
SELECT no FROM {orders} WHERE (status = 'Open') IS NULL;

-- patterns
SELECT no FROM {orders} WHERE no LIKE 'A-00%';
SELECT no FROM {orders} WHERE no LIKE '%99';
SELECT no FROM {orders} WHERE no LIKE 'A-_0_0';
SELECT no FROM {orders} WHERE note LIKE '%an%';
SELECT no FROM {orders} WHERE note LIKE '100\%%' ESCAPE '\';
SELECT no FROM {orders} WHERE note LIKE '%
%';
SELECT no FROM {orders} WHERE note NOT LIKE 'a%';
SELECT no FROM {orders} WHERE status LIKE 'O%';
SELECT no FROM {orders} WHERE lower(note) = 'apple';
SELECT no FROM {orders} WHERE length(note) > 10;
SELECT no FROM {orders} WHERE phone LIKE '+62%';

-- several conditions
SELECT no FROM {orders} WHERE status = 'Open' AND amount > 1000;
SELECT no FROM {orders} WHERE status = 'Open' OR amount > 4500;
SELECT no FROM {orders} WHERE (status = 'Open' OR status = 'Paid') AND gift AND amount BETWEEN 100 AND 3000;
SELECT no FROM {orders} WHERE status = 'Open' AND (amount > 4000 OR qty = 3);
SELECT no FROM {orders} WHERE status = 'Open' AND status = 'Paid';
SELECT no FROM {orders} WHERE status = 'Open' AND net > 1000 AND note LIKE '%a%';
SELECT no FROM {orders} WHERE (status = 'Open' AND amount > 100) OR (status = 'Paid' AND amount < 100) OR gift;
SELECT no FROM {orders} WHERE amount > 100 AND day >= DATE '2025-01-15' AND day < DATE '2025-02-15' AND NOT gift;
SELECT no FROM {orders} WHERE 1 = 0;
SELECT no FROM {orders} WHERE true AND status = 'Open';
SELECT no FROM {orders} WHERE amount = price;
SELECT no FROM {orders} WHERE amount > price * 10;
SELECT no FROM {orders} WHERE amount + 1 > 4000;

-- every column, and values made of them
SELECT no, amount, qty, price, done, rating, status, channel, gift, note, phone, net, serial FROM {orders} WHERE no < 'A-0040';
SELECT no, day FROM {orders} WHERE no < 'A-0040';
SELECT no, tags FROM {orders} WHERE no < 'A-0040';
SELECT no, site, customer FROM {orders} WHERE no < 'A-0040';
SELECT no, tags[1] AS first_tag FROM {orders} WHERE tags IS NOT NULL AND no < 'A-0100';
SELECT no, site.link AS link FROM {orders} WHERE site.link IS NOT NULL;
SELECT no, CASE WHEN amount > 1000 THEN 'much' WHEN amount IS NULL THEN 'unknown' ELSE 'little' END AS size FROM {orders};
SELECT no, coalesce(note, '-') AS note FROM {orders} WHERE no < 'A-0100';
SELECT no || '!' AS loud FROM {orders} WHERE no < 'A-0005';
SELECT upper(status) AS shout, amount * 2 AS twice FROM {orders} WHERE amount < 50;
SELECT DISTINCT status FROM {orders};
SELECT DISTINCT gift, rating FROM {orders};

-- order and limit
SELECT no, amount FROM {orders} ORDER BY amount DESC, no LIMIT 5;
SELECT no, amount FROM {orders} ORDER BY amount, no LIMIT 5;
SELECT no, amount FROM {orders} ORDER BY amount DESC NULLS FIRST, no LIMIT 5;
SELECT no, amount FROM {orders} ORDER BY amount NULLS FIRST, no LIMIT 90;
SELECT no, day FROM {orders} ORDER BY day, no LIMIT 10;
SELECT no, day FROM {orders} ORDER BY day DESC, no DESC LIMIT 10;
SELECT no, note FROM {orders} ORDER BY note, no LIMIT 12;
SELECT no, status FROM {orders} ORDER BY status DESC, no LIMIT 12;
SELECT no, rating FROM {orders} ORDER BY rating DESC, no LIMIT 7;
SELECT no FROM {orders} ORDER BY no LIMIT 10 ;
SELECT no FROM {orders} ORDER BY no DESC LIMIT 1;
SELECT no, amount FROM {orders} WHERE status = 'Open' ORDER BY amount DESC, no LIMIT 3;
SELECT no, amount FROM {orders} WHERE status = 'Open' AND note LIKE '%a%' ORDER BY amount DESC, no LIMIT 3;
SELECT no, net FROM {orders} ORDER BY net DESC, no LIMIT 4;
SELECT no FROM {orders} ORDER BY amount * -1, no LIMIT 4;
SELECT max(amount) AS most FROM (SELECT amount FROM {orders} ORDER BY amount DESC LIMIT 1000000);
SELECT count(*) AS n FROM (SELECT no FROM {orders} LIMIT 7);
SELECT count(*) AS n FROM (SELECT no FROM {orders} LIMIT 700);
SELECT count(*) AS n FROM (SELECT no FROM {orders} WHERE status = 'Open' LIMIT 20);
SELECT count(*) AS n FROM (SELECT no FROM {orders} WHERE note LIKE 'ba%' LIMIT 3);
SELECT count(*) AS n FROM (SELECT no FROM {orders} LIMIT 0);
SELECT count(*) AS n FROM (SELECT no FROM {orders} LIMIT 100000);

-- counts and groups
SELECT count(*) AS n FROM {orders};
SELECT count(*) AS n FROM {orders} WHERE status = 'Open';
SELECT count(*) AS n FROM {orders} WHERE amount IS NULL;
SELECT count(amount) AS n, count(DISTINCT status) AS kinds FROM {orders};
SELECT min(amount) AS least, max(amount) AS most, min(day) AS first, max(day) AS last FROM {orders};
SELECT status, count(*) AS n FROM {orders} GROUP BY status;
SELECT status, gift, count(*) AS n, max(amount) AS most FROM {orders} WHERE amount > 100 GROUP BY status, gift;
SELECT status, count(*) AS n FROM {orders} GROUP BY status HAVING count(*) > 130;
SELECT date_trunc('month', day) AS month, count(*) AS n FROM {orders} GROUP BY 1;
SELECT sum(qty) AS pieces FROM {orders} WHERE rating = 5;
SELECT round(avg(qty), 6) AS mean FROM {orders};

-- several tables
SELECT o.no, c.name FROM {orders} o JOIN {customers} c ON c.name = o.buyer WHERE o.amount > 4000;
SELECT o.no, c.region FROM {orders} o LEFT JOIN {customers} c ON c.name = o.buyer WHERE o.no < 'A-0060';
SELECT c.region, count(*) AS n FROM {orders} o JOIN {customers} c ON c.name = o.buyer GROUP BY c.region;
SELECT c.name FROM {customers} c WHERE NOT EXISTS (SELECT 1 FROM {orders} o WHERE o.buyer = c.name);
SELECT no FROM {orders} WHERE buyer IN (SELECT name FROM {customers} WHERE region = 'Bali');
SELECT no FROM {orders} WHERE buyer NOT IN (SELECT name FROM {customers} WHERE region = 'Bali');
SELECT a.no FROM {orders} a JOIN {orders} b ON a.no = b.no WHERE a.status = 'Open' AND b.gift;
SELECT no FROM {orders} WHERE amount = (SELECT max(amount) FROM {orders});
SELECT no FROM {orders} WHERE status = 'Open' UNION SELECT no FROM {orders} WHERE gift;
SELECT name FROM {customers} WHERE region IS NULL EXCEPT SELECT buyer FROM {orders};
WITH big AS (SELECT no, amount, buyer FROM {orders} WHERE amount > 2500) SELECT c.region, count(*) AS n FROM big JOIN {customers} c ON c.name = big.buyer GROUP BY c.region;
WITH q AS (SELECT no, amount FROM {orders} WHERE amount > 4800) SELECT a.no, b.no AS other FROM q a JOIN q b ON a.amount < b.amount ORDER BY a.no, b.no LIMIT 10;
SELECT no, row_number() OVER (PARTITION BY status ORDER BY no) AS place FROM {orders} WHERE amount > 4000;
SELECT o.no, c.name FROM {orders} o JOIN {customers} c ON c.{record_id} = o.customer.link_record_ids[1] WHERE o.no < 'A-0200';
SELECT x.n FROM (SELECT count(*) AS n FROM {customers}) x;
