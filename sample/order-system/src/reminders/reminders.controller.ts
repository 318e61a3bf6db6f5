import { Controller, Get } from '@nestjs/common';
import type { ReminderRun } from './reminder-run.interface';
import { RemindersService } from './reminders.service';

@Controller('reminders')
export class RemindersController {
  constructor(private readonly reminders: RemindersService) {}

  @Get()
  runs(): Promise<ReminderRun[]> {
    return this.reminders.runs();
  }
}
