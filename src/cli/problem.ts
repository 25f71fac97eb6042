/** Something the user can put right: told in a sentence that names the place and what was expected there. Exit code 2. */
export class Problem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Problem';
  }
}
