/** A sheet as text, imported `with { loader: 'text' }`. */
declare module '*.css' {
  const text: string;
  export default text;
}
