import { Logger } from '@nestjs/common';

/** The warnings of Nest's logger in each test of this file, in the same array. They are not printed. */
export function warningsForEachTest(): readonly string[] {
  const warnings: string[] = [];

  beforeEach(() => {
    warnings.length = 0;
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: string) => void warnings.push(message));
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  return warnings;
}
