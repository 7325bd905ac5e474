(() => {
  const cases = [...document.querySelectorAll(".case")];
  const filter = document.querySelector(".filter");
  if (filter) {
    const [kind, language, faulty, words] = ["kind", "language", "faulty", "words"].map((name) =>
      filter.querySelector(`[name="${name}"]`));
    const count = filter.querySelector("output");
    const apply = () => {
      const wanted = words.value.trim().toLowerCase();
      let shown = 0;
      for (const each of cases) {
        const fits =
          (!kind.value || each.dataset.kind === kind.value) &&
          (!language.value || each.dataset.language === language.value) &&
          (!faulty.value ||
            (faulty.value === "any" ? each.dataset.faults : each.dataset.faults.split(",").includes(faulty.value))) &&
          (!wanted || each.textContent.toLowerCase().includes(wanted));
        each.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      count.textContent = `${shown} of ${cases.length} cases`;
    };
    filter.addEventListener("input", apply);
    filter.hidden = false;
    apply();
  }
  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (let each = target || null; each; each = each.parentElement) {
      if (each.tagName === "DETAILS") each.open = true;
    }
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
})();
