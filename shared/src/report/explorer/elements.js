/** Elements of HTML and SVG, all of their text as text and never as markup. */

export function elementMakers() {
  /**
   * @template {keyof HTMLElementTagNameMap} Name
   * @param {Name} name
   * @param {Readonly<Record<string, string>>} attributes
   * @param {...(Node | string)} children
   */
  const html = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    made.append(...children);
    return made;
  };
  return {
    html,
    /**
     * @param {string} name
     * @param {Readonly<Record<string, string | number>>} [attributes]
     * @param {string} [words]
     */
    svg: (name, attributes = {}, words) => {
      const made = document.createElementNS('http://www.w3.org/2000/svg', name);
      Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, String(value)));
      if (words !== undefined) {
        made.textContent = words;
      }
      return made;
    },
    /**
     * Names, each behind its color.
     *
     * @param {readonly { readonly name: string, readonly color: string }[]} entries
     */
    key: (entries) =>
      html(
        'ul',
        { class: 'parts' },
        ...entries.map(({ name, color }) => {
          const swatch = html('i');
          swatch.style.background = color;
          return html('li', {}, swatch, name);
        }),
      ),
    /**
     * @param {string} words
     * @param {() => void} act
     */
    button: (words, act) => {
      const made = html('button', { type: 'button' }, words);
      made.addEventListener('click', act);
      return made;
    },
  };
}
