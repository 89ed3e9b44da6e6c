"""What mlx_audio_host.py consists of. Everything but `refusal` needs MLX, which must have been found to work before."""
