export type Word = string;
export const word = (): Word => 'beside';
