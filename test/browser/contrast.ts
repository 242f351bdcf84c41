/**
 * In the page: texts whose contrast against what is behind them is below 4.5 (WCAG 2.2, 1.4.3), with what it is. What is
 * disabled may be pale.
 */
export const paleTexts = `(() => {
  // Any colour as the browser understands it: rgb(), color(srgb …), names.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((v) => v / 255);
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color[3] === 1) return color;
    }
    return [1, 1, 1, 1];
  };
  const opacity = (element) => {
    let share = 1;
    for (let at = element; at; at = at.parentElement) share *= Number(getComputedStyle(at).opacity);
    return share;
  };
  const hasText = (e) => [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
  const isSeen = (e) => e.checkVisibility() && e.closest("[disabled], option") === null;
  return [...document.body.querySelectorAll("*")].filter((e) => !/^(SCRIPT|STYLE)$/.test(e.tagName) && hasText(e) && isSeen(e)).flatMap((e) => {
    const style = getComputedStyle(e);
    const back = behind(e);
    const ink = channels(e.namespaceURI.endsWith("svg") ? style.fill : style.color);
    const share = opacity(e) * ink[3];
    const mixed = ink.map((v, i) => v * share + back[i] * (1 - share));
    const [a, b] = [luminance(mixed), luminance(back)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    return contrast >= 4.5 ? [] : [e.tagName + " " + e.textContent.trim().slice(0, 30) + ": " + contrast.toFixed(2)];
  });
})()`;
