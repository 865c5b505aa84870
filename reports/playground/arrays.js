// Arrays of numbers as the page carries them: bytes, smallest first, deflated, in letters of base64.

async function unpacked(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Kind(await new Response(plain).arrayBuffer());
}

// The first place of a list of sizes, for each of its members, and behind the last.
function startsOf(sizes) {
  const starts = [0];
  for (const size of sizes) starts.push(starts.at(-1) + size);
  return starts;
}

// The last value that is known up to a place; NaN where there is none.
function lastKnown(values, place = values.length - 1) {
  for (let i = Math.min(place, values.length - 1); i >= 0; i -= 1) if (!Number.isNaN(values[i])) return values[i];
  return NaN;
}
