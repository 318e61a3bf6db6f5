import 'reflect-metadata';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';
import { config } from './app.config';
import { DatabaseOpenError } from './store/database-open.error';
import { Store } from './store/store';
import { TroubleService } from './trouble/trouble.service';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  // Before the first request, and the first job.
  await app.get(Store).open();
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
  // Without this a SIGTERM ends the process with its locks held, and others wait until they expire.
  app.enableShutdownHooks();
  // The page asks the other processes of the shop, too; nobody else's pages may.
  const trouble = app.get(TroubleService);
  app.enableCors({
    origin: (origin: string | undefined, allow: (error: null, isAllowed: boolean) => void) => {
      void trouble.isOurs(origin).then((isOurs) => {
        allow(null, isOurs);
      });
    },
  });
  await app.listen(config.port, config.host);
  console.log(`order-system listening on ${await app.getUrl()}`);
}

bootstrap().catch((error: unknown) => {
  // What is wrong with the environment is told in a sentence; anything else with the place that it comes from.
  console.error(error instanceof DatabaseOpenError ? error.message : error);
  process.exit(1);
});
