"""The driver: one function that runs whole epochs, op by op, without the interpreter.

It has the signature of an entry, so it is compiled, kept and called like one, and ctypes releases the GIL
around it. What it needs beyond the arena it reads from a row of int64 cells, the itinerary.
"""

from nnkit.execution.calling import (
    address_of,
    call_clock,
    call_op,
    carray,
    indices_at,
    integers_at,
    reals_at,
    words_at,
)
from nnkit.execution.rounding import enter_mode, leave_mode
from nnkit.jit import Entry, kernel
from nnkit.ops import (
    BATCH_INDEX,
    BATCH_ROWS,
    EPOCH,
    EVALUATION,
    FIRST_ROW,
    GOES_ON,
    KEY,
    ORDER,
    PENALTY,
    RATE,
    ROWS,
    STEP,
    STOP,
    TOTALS,
    VIEW,
    W,
    X,
    Y,
)
from nnkit.rng import shuffle
from nnkit.simd import fabs

# The cells of an itinerary. *_AT is an address; seconds and units are float64 in their cell.
# A table's address, its number of ops, and how it is cut stand side by side: the head of a table has them so,
# and to run one once it is all of the itinerary that is read.
(
    TRAIN_TABLE,
    N_TRAIN_OPS,
    BLOCK_ROWS,
    N_BLOCK_OPS,
    X_TRAIN_AT,
    Y_TRAIN_AT,
    N_TRAIN,
    BATCH_SIZE,
    ORDER_AT,
    WORDS_AT,
    ORDER_MODE,
    FIRST_STEP,
    LAST_STEP,
    N_STEPS,
    RATES_AT,
    STEP_OUT,
    EARLIER_STEPS,
    EARLIER_EPOCHS,
    EVAL_TABLE,
    N_EVAL_OPS,
    EVAL_BLOCK_ROWS,
    N_EVAL_BLOCK_OPS,
    X_EVAL_AT,
    Y_EVAL_AT,
    N_EVAL,
    EVAL_BATCH,
    EVAL_ORDER_AT,
    EVAL_EVERY,
    EVAL_OUT,
    N_EVALS,
    BEFORE_TABLE,
    N_BEFORE_OPS,
    AFTER_TABLE,
    N_AFTER_OPS,
    PROBE_AT,
    N_PROBE_CELLS,
    PROBE_OUT,
    N_PROBE_ROWS,
    STATUS,
    STOPPED_AT,
    TRAIN_S,
    CLOCK_CALL,
    CLOCK_FIRST,
    CLOCK_SECOND,
    CLOCK_OUT,
    CLOCK_UNIT,
    CLOCK_FRACTION,
    MODEL_AT,
    N_MODEL_WORDS,
    SLOTS_AT,
    N_SLOT_WORDS,
    WORDS_PER_NUMBER,
    W_TRAIN_AT,
    W_EVAL_AT,
    ENTER_TABLE,
    N_ENTER_OPS,
    STATISTICS_TABLE,
    N_STATISTICS_OPS,
    SETTLE_TABLE,
    N_SETTLE_OPS,
    LEAVE_TABLE,
    N_LEAVE_OPS,
    ENDS_IN_VIEW,
    ITINERARY_CELLS,
) = range(64)

# ORDER_MODE: as it is in memory, a fresh order for every epoch, or one order drawn once and repeated.
AS_GIVEN, RESHUFFLE, FIXED = range(3)
# STATUS, when the driver returns.
DONE, DIVERGED, STOPPED = range(3)
STEP_COLUMNS = 2  # mean loss of the batch with penalties, rows predicted correctly
EVAL_COLUMNS = 4  # step, mean loss, share predicted correctly, seconds of training until then

_LENGTH_UNKNOWN = 1 << 40


@kernel
def run_table(base, table, n_ops):
    """Call every op of a table of (address, arguments) pairs in order."""
    pairs = integers_at(table)
    for index in range(n_ops):
        call_op(pairs[2 * index], base, pairs[2 * index + 1])


@kernel
def run_in_blocks(base, table, n_ops, block_rows, n_block_ops):
    """Run the first ``n_block_ops`` ops for every ``block_rows`` rows of the batch, then the others once."""
    header = integers_at(base)
    rows, order = header[ROWS], header[ORDER]
    first = 0 if n_block_ops else rows
    while first < rows:
        header[FIRST_ROW], header[GOES_ON] = first, min(first, 1)
        header[ROWS] = header[ORDER + 1] = min(block_rows, rows - first)
        header[ORDER] = order + 4 * first
        run_table(base, table, n_block_ops)
        first += block_rows
    header[FIRST_ROW], header[GOES_ON] = 0, 0
    header[ROWS], header[ORDER], header[ORDER + 1] = rows, order, rows
    run_table(base, table + 16 * n_block_ops, n_ops - n_block_ops)


@kernel
def now_s(itinerary):
    """Return the seconds of the system's monotonic clock."""
    call_clock(itinerary[CLOCK_CALL], itinerary[CLOCK_FIRST], itinerary[CLOCK_SECOND])
    ticks = integers_at(itinerary[CLOCK_OUT])
    cells = reals_at(address_of(itinerary))
    return ticks[0] * cells[CLOCK_UNIT] + ticks[1] * cells[CLOCK_FRACTION]


@kernel
def point_at_batch(base, x, y, weights, order, rows):
    """Tell the ops of the next table where their batch is."""
    header = integers_at(base)
    header[ROWS] = header[BATCH_ROWS] = rows
    header[X], header[X + 1] = x, _LENGTH_UNKNOWN
    header[Y], header[Y + 1] = y, _LENGTH_UNKNOWN
    header[W], header[W + 1] = weights, _LENGTH_UNKNOWN
    header[ORDER], header[ORDER + 1] = order, rows


@kernel
def evaluate_all(base, itinerary):
    """Run the evaluation ops over all evaluation data; return the mean loss and the share correct."""
    totals = reals_at(base + 8 * TOTALS)
    n = itinerary[N_EVAL]
    integers_at(base)[EVALUATION] += 1
    loss, correct = 0.0, 0.0
    for start in range(0, n, itinerary[EVAL_BATCH]):
        rows = min(itinerary[EVAL_BATCH], n - start)
        order = itinerary[EVAL_ORDER_AT] + 4 * start
        x, y, weights = itinerary[X_EVAL_AT], itinerary[Y_EVAL_AT], itinerary[W_EVAL_AT]
        point_at_batch(base, x, y, weights, order, rows)
        block_rows, n_block_ops = itinerary[EVAL_BLOCK_ROWS], itinerary[N_EVAL_BLOCK_OPS]
        run_in_blocks(base, itinerary[EVAL_TABLE], itinerary[N_EVAL_OPS], block_rows, n_block_ops)
        loss += totals[0]
        correct += totals[1]
    keep_probes(itinerary, integers_at(base)[EVALUATION] - 1)
    return loss / n, correct / n


@kernel
def keep_probes(itinerary, place):
    """Keep what the probes of an evaluation found as row ``place``, and clear it for the next."""
    n = itinerary[N_PROBE_CELLS]
    found = reals_at(itinerary[PROBE_AT])
    if place < itinerary[N_PROBE_ROWS]:
        row = reals_at(itinerary[PROBE_OUT] + 8 * n * place)
        for cell in range(n):
            row[cell] = found[cell]
    for cell in range(n):
        found[cell] = 0.0


@kernel
def train_step(base, itinerary, step):
    """Run one update on the batch of ``step``; return its mean loss, penalties included."""
    header = integers_at(base)
    n, batch_size = itinerary[N_TRAIN], itinerary[BATCH_SIZE]
    per_epoch = (n + batch_size - 1) // batch_size
    epoch, batch = itinerary[EARLIER_EPOCHS] + step // per_epoch, step % per_epoch
    mode = itinerary[ORDER_MODE]
    if batch == 0 and mode != AS_GIVEN:
        order = carray(indices_at(itinerary[ORDER_AT]), (n,))
        words = carray(words_at(itinerary[WORDS_AT]), (n,))
        shuffle(order, words, n, header[KEY], epoch if mode == RESHUFFLE else 0)
    start = batch * batch_size
    rows = min(batch_size, n - start)
    x, y, weights = itinerary[X_TRAIN_AT], itinerary[Y_TRAIN_AT], itinerary[W_TRAIN_AT]
    point_at_batch(base, x, y, weights, itinerary[ORDER_AT] + 4 * start, rows)
    header[STEP], header[EPOCH], header[BATCH_INDEX] = itinerary[EARLIER_STEPS] + step + 1, epoch, batch
    numbers = reals_at(base)
    numbers[RATE] = reals_at(itinerary[RATES_AT])[step]
    numbers[PENALTY] = 0.0
    block_rows, n_block_ops = itinerary[BLOCK_ROWS], itinerary[N_BLOCK_OPS]
    run_in_blocks(base, itinerary[TRAIN_TABLE], itinerary[N_TRAIN_OPS], block_rows, n_block_ops)
    loss = numbers[TOTALS] / rows + numbers[PENALTY]
    out = reals_at(itinerary[STEP_OUT])
    out[STEP_COLUMNS * step] = loss
    out[STEP_COLUMNS * step + 1] = numbers[TOTALS + 1]
    return loss


@kernel
def enter_view(base, itinerary):
    """Put what is evaluated in the place of what is trained, with statistics of the training batches."""
    header = integers_at(base)
    if itinerary[N_ENTER_OPS] == 0 or header[VIEW] != 0 or header[STEP] == 0:
        return
    run_table(base, itinerary[ENTER_TABLE], itinerary[N_ENTER_OPS])
    header[VIEW] = 1
    if itinerary[N_STATISTICS_OPS] == 0:
        return
    n, batch_size = itinerary[N_TRAIN], itinerary[BATCH_SIZE]
    for batch in range((n + batch_size - 1) // batch_size):
        start = batch * batch_size
        rows = min(batch_size, n - start)
        order = itinerary[ORDER_AT] + 4 * start
        x, y, weights = itinerary[X_TRAIN_AT], itinerary[Y_TRAIN_AT], itinerary[W_TRAIN_AT]
        point_at_batch(base, x, y, weights, order, rows)
        header[BATCH_INDEX] = batch
        run_table(base, itinerary[STATISTICS_TABLE], itinerary[N_STATISTICS_OPS])
    run_table(base, itinerary[SETTLE_TABLE], itinerary[N_SETTLE_OPS])


@kernel
def leave_view(base, itinerary):
    """Put back what is trained, if what is evaluated is in its place."""
    header = integers_at(base)
    if header[VIEW] != 0:
        run_table(base, itinerary[LEAVE_TABLE], itinerary[N_LEAVE_OPS])
        header[VIEW] = 0


@kernel
def is_finite(loss):
    """Return whether ``loss`` is neither NaN nor infinite."""
    return fabs(loss) < 1e308


@kernel
def all_finite(at, n_words, words_per_number):
    """Return whether no float32 (1 word of 32 bits) or float64 (2) has the exponent of NaN and infinity."""
    words = words_at(at)
    exponent = 0x7F800000 if words_per_number == 1 else 0x7FF00000
    n_found = 0
    for index in range(words_per_number - 1, n_words, words_per_number):
        n_found += (words[index] & exponent) == exponent
    return n_found == 0


@kernel
def is_sound(itinerary):
    """Return whether weights, states and the optimizer's slots are finite.

    An infinite running variance or mean square hides in finite losses: it makes what it divides 0.
    """
    width = itinerary[WORDS_PER_NUMBER]
    is_model_finite = all_finite(itinerary[MODEL_AT], itinerary[N_MODEL_WORDS], width)
    return is_model_finite and all_finite(itinerary[SLOTS_AT], itinerary[N_SLOT_WORDS], width)


@kernel
def evaluation_due(itinerary, steps_done):
    """Return whether an evaluation follows the step that was just made."""
    every = itinerary[EVAL_EVERY]
    if itinerary[N_EVAL] == 0 or every == 0:
        return False
    return steps_done % every == 0 or steps_done == itinerary[N_STEPS]


@kernel
def drive_steps(base, itinerary):
    """Run steps FIRST_STEP to LAST_STEP with their evaluations; leave status, times and results behind."""
    header = integers_at(base)
    cells = reals_at(address_of(itinerary))
    itinerary[STATUS] = DONE
    began = now_s(itinerary)
    for step in range(itinerary[FIRST_STEP], itinerary[LAST_STEP]):
        itinerary[STOPPED_AT] = step
        if header[STOP] != 0:
            itinerary[STATUS] = STOPPED
            break
        leave_view(base, itinerary)
        is_due = evaluation_due(itinerary, step + 1)
        if is_due:
            run_table(base, itinerary[BEFORE_TABLE], itinerary[N_BEFORE_OPS])
        loss = train_step(base, itinerary, step)
        itinerary[STOPPED_AT] = step + 1
        if is_finite(loss) and is_due:
            cells[TRAIN_S] += now_s(itinerary) - began
            run_table(base, itinerary[AFTER_TABLE], itinerary[N_AFTER_OPS])
            enter_view(base, itinerary)
            loss, correct = evaluate_all(base, itinerary)
            row = reals_at(itinerary[EVAL_OUT] + 8 * EVAL_COLUMNS * itinerary[N_EVALS])
            row[0], row[1], row[2], row[3] = step + 1, loss, correct, cells[TRAIN_S]
            itinerary[N_EVALS] += 1
            began = now_s(itinerary)
        if not is_finite(loss) or (is_due and not is_sound(itinerary)):
            itinerary[STATUS] = DIVERGED
            break
    cells[TRAIN_S] += now_s(itinerary) - began
    if itinerary[ENDS_IN_VIEW] != 0:
        enter_view(base, itinerary)


def _drive(base, itinerary):
    mode = enter_mode()
    drive_steps(address_of(base), itinerary)
    leave_mode(mode)


def _evaluate(base, itinerary):
    mode = enter_mode()
    loss, correct = evaluate_all(address_of(base), itinerary)
    row = reals_at(itinerary[EVAL_OUT])
    row[1], row[2] = loss, correct
    leave_mode(mode)


def _enter_view(base, itinerary):
    mode = enter_mode()
    enter_view(address_of(base), itinerary)
    leave_mode(mode)


def _run_once(base, itinerary):
    mode = enter_mode()
    block_rows, n_block_ops = itinerary[BLOCK_ROWS], itinerary[N_BLOCK_OPS]
    run_in_blocks(address_of(base), itinerary[TRAIN_TABLE], itinerary[N_TRAIN_OPS], block_rows, n_block_ops)
    leave_mode(mode)


DRIVE = Entry("drive", _drive, {})
EVALUATE = Entry("evaluate", _evaluate, {})
ENTER_VIEW = Entry("enter_view", _enter_view, {})
RUN_ONCE = Entry("run_once", _run_once, {})
