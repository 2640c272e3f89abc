import { word, type Word } from './other';
const said: Word = word();
console.log(said);
