// Elements, and how numbers are written in a lesson: with true minus signs, as in figures.

const byId = (id) => document.getElementById(id);

/** A new element with properties such as its class; children are elements and texts. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const signed = (text) => text.replaceAll("-", "−");
const counted = (number) => number.toLocaleString("en");

/** A number to so many digits; whole numbers whole, very large and small ones with an exponent. */
function written(number, digits = 10) {
  if (Number.isInteger(number) && Math.abs(number) < 10 ** Math.max(digits, 6)) {
    return signed(String(number + 0));
  }
  return signed(String(Number(number.toPrecision(digits)))).replace("e+", "e");
}

/** A number that fits a cell. */
const short = (number) => written(number, 3);

/** A factor or a summand: negative ones in brackets. */
const factor = (number) => (number < 0 ? `(${written(number, 6)})` : written(number, 6));

/** How a result goes on: = or, where digits are left out, ≈. */
const equals = (number) => (Number(number.toPrecision(10)) === number ? "=" : "≈");

const channelNames = ({ channels }) => (channels === 3 ? ["red", "green", "blue"] : ["gray"]);
const times = (...sizes) => sizes.join("×");

/** What a field holds as a number, NaN if that is none; a true minus sign or a comma is one, too. */
const typed = (text) => {
  const plainText = text.trim().replaceAll("−", "-").replace(/^(-?\d*),(\d+)$/, "$1.$2");
  return plainText === "" ? NaN : Number(plainText);
};
