-- +goose Up

-- Until when one delivery, on one node, looks for the placement's column.
ALTER TABLE placements ADD COLUMN item_held_until BIGINT;
