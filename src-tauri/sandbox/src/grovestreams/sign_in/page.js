// The parameters are in the fragment, in the query, or in both: only here can all be seen. What is in both counts once;
// where the two contradict each other both go on, and the sign-in page says so.
const mark = "#signinoauth/";
if (location.hash.startsWith(mark)) {
  const all = new URLSearchParams(location.hash.slice(mark.length).replace(/^\?/, ""));
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (!all.getAll(name).includes(value)) all.append(name, value);
  }
  location.replace(`/Modern/signinoauth?${all}`);
} else {
  document.getElementById("nowhere").hidden = false;
}
