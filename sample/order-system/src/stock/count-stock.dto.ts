import { IsInt, Max, Min } from 'class-validator';

export class CountStockDto {
  @IsInt()
  @Min(1)
  @Max(30)
  seconds!: number;
}
