"""Nearest neighbours: distances in a fixed order, and the k nearest of every query."""

from nnkit.jit import kernel
from nnkit.simd import fma, real

# Known rows lie in blocks of so many columns, whose distances stay in the L1 cache while the features go by.
BLOCK = 512


@kernel
def block_distances(queries, row, known, block, distances):
    """Write ``distances[i] = sum over features of (known[block, feature, i] - queries[row, feature])**2``."""
    features = queries.shape[1]
    for index in range(BLOCK):
        distances[index] = real(distances, 0.0)
    for feature in range(0, features - features % 2, 2):
        first, second = queries[row, feature], queries[row, feature + 1]
        for index in range(BLOCK):
            one = known[block, feature, index] - first
            other = known[block, feature + 1, index] - second
            distances[index] = fma(other, other, fma(one, one, distances[index]))
    for feature in range(features - features % 2, features):
        value = queries[row, feature]
        for index in range(BLOCK):
            one = known[block, feature, index] - value
            distances[index] = fma(one, one, distances[index])


@kernel
def insert(index, distance, nearest, lengths, row, n_found):
    """Put a known row among the first ``n_found`` places, behind those that are as near."""
    place = n_found - 1
    while place > 0 and lengths[place - 1] > distance:
        lengths[place] = lengths[place - 1]
        nearest[row, place] = nearest[row, place - 1]
        place -= 1
    lengths[place] = distance
    nearest[row, place] = index


@kernel
def find_nearest(queries, known, nearest, lengths, distances, n):
    """Write the k nearest known rows of every query, nearest first; of equally near ones the first.

    Squared Euclidean distance, summed over the features in order.

    Shapes      queries: (rows, features); known: (blocks, features, BLOCK), the n known rows as columns;
                nearest: int32 (rows, k); lengths: scratch (k,); distances: scratch (BLOCK,)
    Cost        3 rows n features FLOP
    """
    k = nearest.shape[1]
    for row in range(queries.shape[0]):
        n_found = 0
        for block in range(known.shape[0]):
            block_distances(queries, row, known, block, distances)
            start = block * BLOCK
            for index in range(min(BLOCK, n - start)):
                if n_found < k:
                    n_found += 1
                elif not distances[index] < lengths[k - 1]:
                    continue
                insert(start + index, distances[index], nearest, lengths, row, n_found)


@kernel
def vote(nearest, classes, votes, chosen):
    """Write the class that most of the nearest have; among equals the one met first, from the nearest on.

    Shapes      nearest: int32 (rows, k); classes: int32 (n,), of the known rows; votes: int32 scratch, one
                per class; chosen: int32 (rows,)
    """
    rows, k = nearest.shape
    for row in range(rows):
        for index in range(votes.size):
            votes[index] = 0
        for place in range(k):
            votes[classes[nearest[row, place]]] += 1
        best = classes[nearest[row, 0]]
        for place in range(1, k):
            candidate = classes[nearest[row, place]]
            best = candidate if votes[candidate] > votes[best] else best
        chosen[row] = best
