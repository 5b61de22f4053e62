// The parameters are in the fragment, in the query, or in both. Equal parameters in both are sent once. Where they
// differ, both are sent, and the sign-in page reports the repetition.
const prefix = "#signinoauth/";
if (location.hash.startsWith(prefix)) {
  const all = new URLSearchParams(location.hash.slice(prefix.length).replace(/^\?/, ""));
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (!all.getAll(name).includes(value)) all.append(name, value);
  }
  location.replace(`/Modern/signinoauth?${all}`);
} else {
  document.getElementById("no-request").hidden = false;
}
